// Package ingest is the one door in for pictures, and the workers that scale them.
//
//	       lease looked at           decoded once           durable              one transaction
//	Accept ──Inspect──► Look ──Budget──► Check ──► vault.Put ──► slot.Fill + picture.Record ──► receipt
//	                                                                │ state received
//	                                                                ▼
//	Step   picture.Claim ──► Inspect ──Budget──► Make ──► three vault.Puts ──► picture.Ready (waiting)
//	                              │                                 │
//	                              │ it can't be opened              │ anything else
//	                              ▼                                 ▼
//	                        picture.Fail ◄──after Tries── picture.Retry, at a time that Backoff says
//
// Once Accept has returned a receipt the picture cannot be lost: its file was durable
// before the row that names it, and the row before the receipt. What a crash leaves in
// between is a file that no row names, for the sweep. A worker that dies leaves a claim
// that runs out, and the picture is claimed again.
//
// Decoding happens with no transaction open and under the memory budget that both share.
package ingest
