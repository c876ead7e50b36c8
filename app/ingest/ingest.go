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
// A photograph, which comes without a lease from a photographer's account by FTP, the API
// or the watched folder, goes another way to the same row:
//
//	       the very file was here       every reason against it         one transaction
//	Accept ──known──► receipt, duplicate    │
//	         └─► Inspect, Check ─► metadata.Read ─► Profile ─► vault.Put ─► picture.Record, or .Replace
//	                                        │ some           a file of that name is corrected
//	                                        ▼
//	                     quarantine ──Release──► picture.Record, approved     *Refusal
//	                          └──────Dismiss──► never again
//
// Decoding happens with no transaction open and under the memory budget that both share.
package ingest
