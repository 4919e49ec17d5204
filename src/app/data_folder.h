// The folder that one server works in, and its copy in one file.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace openday::app {

/// Held by whoever works in the folder, as long as it lives; the kernel lets go of it with the process.
/// kBusy: a server, or a restore, has it.
Result<UniqueFd> hold_data_folder(const std::string& data_dir);

/// Writes the database as it is at this moment, the server key and the admin token into one new file (0600).
/// A server may run meanwhile. kConflict: `file` exists. Media is not in it.
Result<> back_up(const std::string& data_dir, const std::string& file);

/// Makes a data folder out of such a file. kBusy: a server runs there. kConflict: the folder is not empty and
/// `force` is not given; with it, what is replaced stays beside it as "NAME.before-restore". kInvalid: not a
/// backup, or damaged. kUnsupported: of a newer program. Until it is known to be whole, nothing is touched.
Result<> restore(const std::string& file, const std::string& data_dir, bool force);

/// Walks the audit log from its first entry. kInternal names the first one that was changed or is missing, or
/// says that no entry has the hash `noted` (hex; empty: none was). How many there are, and the last one's
/// hash, in a line to be noted.
Result<std::string> verify_audit(const std::string& data_dir, const std::string& noted);

}  // namespace openday::app
