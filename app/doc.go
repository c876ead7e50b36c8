// Package app is the hall of oneframe: it reads the config, builds every room, and
// starts and stops every loop. This comment walks through the house, ground to roof.
//
// # What happens here
//
// A team imports a music video: the source. Its timeline is cut into slots, each a few
// original frames long. A visitor takes a slot by a lease, mimics the pose that is
// shown, and sends a picture: a frame. At least three people judge it. Every hour the
// accepted frames are rendered into the clip, each in its slot, and everything else of
// the clip is the original, with its sound.
//
// # Ground
//
// fault names the kinds of failure; every room returns them and one table in web turns
// them into answers. store is the database: one writer with group commit, many readers.
// vault keeps immutable files under their SHA-256, durable before a row names them.
// ffmpeg runs ffmpeg and ffprobe with progress, deadline and kill. rendition makes
// JPEGs of a stranger's bytes; it is pure and bounded in memory. metadata reads what a
// picture file says about itself into one Record; it is pure as well. webhook signs and
// verifies messages by Standard Webhooks, pure too; outbound makes the requests to
// addresses that people typed in, never into a private network; seal keeps secrets that
// must be read again, as signing keys, encrypted in the database.
//
// # Nouns
//
// slot is the frame queue, picture the register of pictures, with what their metadata
// says, and the log of what happened to each, people the accounts, sessions and tokens. picture knows slot, since
// a picture that stops standing reopens its slot; doing both in one function is what
// keeps the two in step.
//
// # Rooms
//
// source turns an original video into a mezzanine, sound, a poster, slots and their
// reference pictures. ingest is the one door in for pictures, and the scaling workers.
// moderation turns judgments into a verdict; its subpackage crowd tells outside crowds of
// frames and hears their judgments. clip plans the timeline and renders it:
// every held picture and every run of original frames is a closed unit, encoded once and
// cached, and a render joins units. What the next pictures will need is encoded ahead
// while nothing else is to do. publish mirrors the clip at other hosts, replacing the
// video there under its address; the hall tells it which render is current, so that
// neither it nor clip knows the other.
//
// feed decides which subscriber gets which picture: rules are rows that can be searched,
// compiled into one index whose cost hardly grows with their number; its engine follows
// the log of pictures and has deliver queue one delivery for each subscriber, in the
// transaction that marks its place in the log. deliver keeps those queues and sends what
// waits in them; its subpackages make a picture to a subscriber's order, carry it by each
// protocol, and decide when something may go.
//
// Moderation's queue of waiting frames lies in memory, made of the register and its log,
// so that a page for a judge costs no write; what must last, lies in its tables.
// Photographs are pictures without a slot. The same door takes them, against the profile
// of their account, and keeps what it refuses in quarantine with each reason; Folder does
// for a watched folder what ftp does for its clients. Moderators settle them, unless their
// account is trusted. picture keeps every version of a photograph and finds pictures by
// their words; what the search needs of SQLite stands in one file, words.go.
//
// # Faces and hall
//
// web serves the pages and the JSON API; ftp takes photographers' pictures in by FTP and
// SFTP, each account in a folder that shows only what became of its own. No rule of the
// business lives in either. app, this package, wires the rooms (New), runs their loops
// (Loops), and holds the commands.
//
// # How rooms talk
//
// What must be true together is done in one store.Write: a lease is used up and its
// picture recorded, or neither. What may be true a moment later is found by looking:
// every room that works in the background has Step(ctx), which does one round of work
// and says whether there was any. The hall loops over Step, woken by the store's commits
// and at the latest after two seconds; so tests call Step and never sleep. Work done in
// parallel is claimed in one statement, done with no transaction open, then settled; a
// claim that runs out is claimed again, so a crash loses nothing.
//
// # The plan is a test
//
// plan_test.go holds the doors between rooms and the ownership of tables. stories holds
// what the house does, in the words of the domain, against the whole program.
//
// # Where the plan was changed, and why
//
//   - fault has three more kinds: Unknown (401), Denied (403) apart from it, and
//     Unsupported (415), since the API promises these codes.
//   - A clip's id is its slug everywhere: one word fewer in tables, routes and files.
//   - picture's transitions reopen the slot themselves, instead of every caller doing it.
//   - Every picture is decoded once before it is acknowledged, so that its sender hears
//     at once of one that no browser could show; the scaling worker decodes it again.
//   - clip does not call publish: the hall compares what is current with what the hosts
//     were told, so a host that fails can't hold up a render.
//   - Deleting one's frame queues a render at once and lets go of the kept older versions
//     that show it.
//   - A version of the clip that is joined again shows only pictures that are accepted
//     today. Its file, like the stills and the film of the growth, is a print: made by loops
//     of their own, so that no render waits for the history. Visitors may ask for them, all
//     together so many an hour; what would cost much encoding waits for an admin.
//   - The render joins encoded units from the start, rather than encoding the whole clip
//     each hour: a full render within 0.7 of a plain encode needs them already.
//   - metadata reads all three kinds by itself, without imagemeta: what each part says is
//     kept with where it stands, IIM runs over several segments, and charsets are guessed
//     from the bytes, none of which that library gives away.
//   - HEIC and AVIF are read for their metadata and refused as pictures: see rendition.
//   - Every event writes a picture's words anew, in its transaction, so that the search is
//     never behind, as a follower would be; of one with much text it takes half a millisecond.
//   - Outside crowds are rows, made on an admin page or by the API, not keys of the config:
//     their secrets are made here, told once, and renewed while the site runs. seal keeps
//     them, with a key in a file beside the database; outbound guards the requests.
//   - A browser that judges or sends without an account is known again by one cookie, since
//     nobody may judge their own frame. It is no account, and nothing else is read from it.
//   - deliver has goroutines of its own, inside Office.Serve, which joins them: a subscriber
//     that takes a second for each byte must hold nothing but its own connections, and no
//     round of Step can wait for it. One of them, the clerk, does all that touches the
//     queue; for tests there is a Step, which waits for everything that it began.
//   - Of a picture that is sent as a form the signature is over its first part, which holds
//     the picture's SHA-256: so the file is streamed, and read once. The message's id names
//     the version as well as the delivery, since receivers pass over an id that they know.
//   - What a job shows an outside crowd it fetches by a signed link of its own, which ends
//     with the job: the address of a picture never leaves the site for good.
//   - A subscriber's rendition is an order: an object that says how its pictures are made;
//     the names of the site's own renditions are short for their size.
//   - A secret belongs to a place. It is sealed for its row and its destination's protocol,
//     host, port and user, so that a changed address never gets another's.
//   - Figures about deliveries are counted as they are settled, by the hour and the day, so
//     that pages and /metrics read totals and never the queue; where a queue is counted, it
//     is counted only so far.
package app
