#include "engage/judge.h"

#include <algorithm>
#include <utility>

namespace openday::engage {
namespace {

Verdict refuse(std::string_view code, Duration retry = Duration(0)) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::kRefuse;
  verdict.code = code;
  verdict.retry = retry;
  return verdict;
}

}  // namespace

Judge::Author& Judge::author_of(const std::string& id, HouseTime now) {
  auto known = by_id_.find(id);
  if (known != by_id_.end()) {
    authors_.splice(authors_.begin(), authors_, known->second);
    return authors_.front();
  }
  if (authors_.size() >= kMostAuthors) {
    by_id_.erase(authors_.back().id);
    authors_.pop_back();
  }
  authors_.push_front({id, kBurst, now, std::nullopt, {}});
  by_id_[id] = authors_.begin();
  return authors_.front();
}

std::optional<Verdict> Judge::too_fast(const RoomSettings& settings, Author& author, HouseTime now) const {
  if (settings.slow_s > 0 && author.spoke) {
    Duration left = *author.spoke + seconds(settings.slow_s) - now;
    if (left > Duration(0)) return refuse("slow_mode", left);
  }
  const double pace = std::chrono::duration<double>(kPace).count();
  double since = std::chrono::duration<double>(now - author.filled).count();
  author.tokens = std::min<double>(kBurst, author.tokens + std::max(0.0, since) / pace);
  author.filled = now;
  if (author.tokens < 1) {
    return refuse("slow_down",
                  duration_cast<Duration>(std::chrono::duration<double>((1 - author.tokens) * pace)));
  }
  return std::nullopt;
}

int Judge::voices_of(uint64_t fingerprint, bool new_voice, HouseTime now) {
  while (!texts_by_age_.empty() &&
         (now - texts_by_age_.front().first > kSameRoom || texts_by_age_.size() > kMostTexts)) {
    auto [first, oldest] = texts_by_age_.front();
    texts_by_age_.pop_front();
    auto text = texts_.find(oldest);
    if (text != texts_.end() && text->second.first == first) texts_.erase(text);
  }
  auto [text, added] = texts_.try_emplace(fingerprint, Text{0, now});
  if (added) texts_by_age_.emplace_back(now, fingerprint);
  if (new_voice) ++text->second.voices;
  return text->second.voices;
}

Verdict Judge::judge(const RoomSettings& settings, const Screen& screen, const std::string& author_id,
                     Badge badge, std::string_view text, bool flooding, HouseTime now) {
  if (badge != Badge::kNone) return {};
  if (settings.mode == Mode::kClosed) return refuse("closed");
  Author& author = author_of(author_id, now);
  if (auto fast = too_fast(settings, author, now)) return *fast;

  Verdict verdict;
  verdict.fingerprint = screen.fingerprint(text);
  while (!author.said.empty() && now - author.said.front().first > kSameAuthor) author.said.pop_front();
  bool again =
      std::ranges::any_of(author.said, [&](const auto& one) { return one.second == verdict.fingerprint; });
  if (again) return refuse("duplicate");
  auto finding = screen.find(text);
  bool refused = finding && finding->refuse;
  if (refused && flooding) return refuse("slow_down", kPace);
  author.tokens -= 1;
  verdict.said_at = now;
  author.said.emplace_back(now, verdict.fingerprint);
  if (author.said.size() > kSaid) author.said.pop_front();
  if (refused) {
    verdict.kind = Verdict::Kind::kRefuse;
    verdict.code = "rule";
    verdict.why = finding->why;
    return verdict;
  }
  verdict.spoke_before = std::exchange(author.spoke, now);
  int voices = voices_of(verdict.fingerprint, true, now);

  if (settings.mode != Mode::kOpen) {
    if (finding) {
      verdict.why = finding->why;
    } else if (flooding) {
      verdict.why = Why{"flood"};
    } else if (voices > kManyVoices) {
      verdict.why = Why{"duplicate"};
    } else if (settings.mode == Mode::kAll) {
      verdict.why = Why{"mode"};
    }
  } else if (flooding) {
    verdict.why = Why{"flood"};
  }
  if (verdict.why) verdict.kind = Verdict::Kind::kHold;
  return verdict;
}

void Judge::take_back(const std::string& author_id, const Verdict& verdict) {
  if (!verdict.said_at) return;
  bool refused = verdict.kind == Verdict::Kind::kRefuse;  // no voice, and not what slow mode counts from
  // A younger entry of the same text began after this voice.
  auto text = texts_.find(verdict.fingerprint);
  if (!refused && text != texts_.end() && text->second.first <= *verdict.said_at) {
    text->second.voices = std::max(0, text->second.voices - 1);
  }
  auto known = by_id_.find(author_id);
  if (known == by_id_.end()) return;
  Author& author = *known->second;
  auto said = std::ranges::find(author.said, std::pair(*verdict.said_at, verdict.fingerprint));
  if (said != author.said.end()) author.said.erase(said);
  author.tokens = std::min<double>(kBurst, author.tokens + 1);
  if (!refused && author.spoke == verdict.said_at) author.spoke = verdict.spoke_before;
}

}  // namespace openday::engage
