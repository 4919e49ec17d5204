// What a page says in a room, from any bytes: what is understood is within the protocol's bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engage/values.h"
#include "hub/room_messages.h"

using namespace openday;
using namespace openday::hub;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void check_ref(const std::string& ref) {
  must(ref.size() >= 8 && ref.size() <= 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto heard = read_room_message(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!heard) {
    must(!heard.error().why.empty());
    if (!heard.error().ref.empty()) check_ref(heard.error().ref);
    return 0;
  }
  must(heard->kind != nullptr &&
       (heard->kind->t == "join") == std::holds_alternative<JoinMessage>(heard->word));
  const RoomWord* word = &heard->word;
  if (const auto* join = std::get_if<JoinMessage>(word)) {
    must(join->token.empty() || join->token.size() == kTokenSize);
  } else if (const auto* comment = std::get_if<CommentMessage>(word)) {
    check_ref(comment->ref);
    must(!comment->text.empty() && comment->text.size() <= 4 * engage::kMostText);
    must(comment->text.find('\n') == std::string::npos && comment->text.front() != ' ');
    must(!comment->moment || comment->moment->ms >= 0);
    must(comment->reply_to >= 0);
  } else if (const auto* name = std::get_if<NameMessage>(word)) {
    check_ref(name->ref);
    must(is_possible_name(name->name));
  } else if (const auto* reaction = std::get_if<ReactMessage>(word)) {
    must(reaction->kind < engage::kReactions.size() && reaction->times >= 1 && reaction->times <= 10);
  } else {
    check_ref(std::get<ReportMessage>(*word).ref);
  }
  return 0;
}
