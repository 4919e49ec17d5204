// The life of a tip: received, triaged, answered, closed. Every function is one unit of work on the ledger:
// it checks, changes, writes the timeline (and, of what officers do, the audit entry, which holds nothing of
// the tip's content), or fails and changes nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "desk/content.h"
#include "desk/ledger.h"

namespace openday::desk {

/// A tip on its way into the ledger. `tip.photos`, `tip.for_recovery`, times and state are filled in.
struct NewTip {
  std::string id;  // random, of 32 hexadecimal digits
  Content content;
  std::string broadcast;
  ReceiptKeys receipt;
  Key key;
  std::vector<Photo> photos;  // sealed
};

/// The clip that shows a moment of this minute, whichever, with 15 s around it: its borders tell no more than
/// the minute.
struct ClipRange {
  ProgramTime from;
  ProgramTime to;
};
ClipRange clip_around(ProgramTime moment);

/// Who can read a tip that is sealed now.
Result<Roster> roster(LedgerView& ledger, account::RollView& roll, const HouseKeys& house);

/// Whether anybody is on the roster. Without a roster that can be trusted nobody is.
bool anybody_reads(LedgerView& ledger, account::RollView& roll, const HouseKeys& house);

/// Not audited: the audit log's times are exact. kConflict: there is nobody to seal it to.
Result<> record(Ledger& ledger, account::RollView& roll, const HouseKeys& house, const NewTip& wanted,
                ProgramTime at);
/// The clip is there now, or is not (empty).
Result<> note_clip(Ledger& ledger, const std::string& id, const std::string& clip);
/// The tipster again. kConflict when it is closed, kLimit when they have written too often.
Result<> write(Ledger& ledger, const std::string& id, const Key& key, const std::string& text,
               ProgramTime at);

/// An officer has it before their eyes.
Result<> note_open(LedgerView& ledger, account::Roll& roll, const std::string& id, const account::Act& act);
/// An officer's. The verdict may change until it is closed.
Result<> triage(Ledger& ledger, account::Roll& roll, const std::string& id, Verdict verdict,
                const account::Act& act);
/// Only what has been triaged is answered, and only spam with standard_answer(). `after`: the last entry that
/// the officer has seen. kConflict: there are words after it, of the tipster or of a colleague.
Result<> answer(Ledger& ledger, account::Roll& roll, const std::string& id, const Key& key,
                const std::string& text, int after, const account::Act& act);
/// Only what has been answered is closed. `after`: as above.
Result<> close(Ledger& ledger, account::Roll& roll, const std::string& id, int after,
               const account::Act& act);

/// What may be answered to spam without words of one's own, in both languages.
std::string standard_answer();

/// The first officer founds the desk: their pair is its root. kConflict: it has one.
Result<> found(Ledger& ledger, account::Roll& roll, const HouseKeys& house, const Pair& pair,
               const Pair& recovery, const account::Act& act);
/// `signer`, who must be on the roster, or is the recovery key, vouches for this public half of this officer.
/// kConflict: they have another one by now.
Result<> countersign(Ledger& ledger, account::Roll& roll, const HouseKeys& house, const std::string& person,
                     const Bytes& public_half, const Pair& signer, const account::Act& act);
/// Opens the keys of at most `limit` tips that some officer of the roster has no copy of, and seals them to
/// them. How many there were: 0 is the end.
Result<int> share(Ledger& ledger, account::RollView& roll, const HouseKeys& house, const Pair& opener,
                  int limit);

/// Removes at most `limit` tips whose time has come; their keys go with them. The clips they leave.
Result<std::vector<std::string>> expire(Ledger& ledger, account::Roll& roll, const Retention& retention,
                                        ProgramTime now, int limit);

}  // namespace openday::desk
