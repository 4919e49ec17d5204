// What the desk works with: tips, what happened to them, and what is sealed of them. Plain values; every time
// in them is rounded down to the minute, so that no tip can be joined with what its sender did elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace openday::desk {

/// received → triaged → answered → closed. A tipster who writes again after an answer makes it triaged again;
/// closed is final.
enum class State : uint8_t { kReceived, kTriaged, kAnswered, kClosed };
inline constexpr std::array kStates = {
    std::pair(State::kReceived, std::string_view("received")),
    std::pair(State::kTriaged, std::string_view("triaged")),
    std::pair(State::kAnswered, std::string_view("answered")),
    std::pair(State::kClosed, std::string_view("closed")),
};
constexpr std::string_view name_of(State state) {
  return kStates[static_cast<size_t>(state)].second;
}

/// What an officer took it for.
enum class Verdict : uint8_t { kNone, kSpam, kConsultation, kFeedback, kReport, kLead };
inline constexpr std::array kVerdicts = {
    std::pair(Verdict::kNone, std::string_view("none")),
    std::pair(Verdict::kSpam, std::string_view("spam")),
    std::pair(Verdict::kConsultation, std::string_view("consultation")),
    std::pair(Verdict::kFeedback, std::string_view("feedback")),
    std::pair(Verdict::kReport, std::string_view("report")),
    std::pair(Verdict::kLead, std::string_view("lead")),
};
constexpr std::string_view name_of(Verdict verdict) {
  return kVerdicts[static_cast<size_t>(verdict)].second;
}

template <class T, size_t N>
std::optional<T> value_named(const std::array<std::pair<T, std::string_view>, N>& names,
                             std::string_view name) {
  for (const auto& [value, its_name] : names) {
    if (name == its_name) return value;
  }
  return std::nullopt;
}

constexpr ProgramTime to_minute(ProgramTime at) {
  int64_t rest = at.ms % 60'000;
  return {at.ms - (rest < 0 ? rest + 60'000 : rest)};
}

struct Tip {
  std::string id;  // random; says nothing about when or in which order
  State state = State::kReceived;
  Verdict verdict = Verdict::kNone;
  ProgramTime received;               // the minute, as all times here
  ProgramTime changed;                // when the state last changed
  std::string broadcast;              // empty: of none
  std::optional<ProgramTime> moment;  // of the program
  std::string clip;                   // the aired media around it that is kept; empty: none
  int photos = 0;
  Bytes lookup;       // what the receipt leads to
  Bytes for_tipster;  // the content key under the receipt's
  Bytes for_recovery;
  bool operator==(const Tip&) const = default;
};

enum class Deed : uint8_t { kReceived, kWrote, kTriaged, kAnswered, kClosed };
inline constexpr std::array kDeeds = {
    std::pair(Deed::kReceived, std::string_view("received")),
    std::pair(Deed::kWrote, std::string_view("wrote")),  // the tipster, again
    std::pair(Deed::kTriaged, std::string_view("triaged")),
    std::pair(Deed::kAnswered, std::string_view("answered")),
    std::pair(Deed::kClosed, std::string_view("closed")),
};
constexpr std::string_view name_of(Deed deed) {
  return kDeeds[static_cast<size_t>(deed)].second;
}

/// One line of a tip's timeline, which only grows.
struct Entry {
  std::string tip;
  int number = 0;  // from 1, without gaps
  ProgramTime at;
  std::string by;  // an officer's id; empty: the tipster
  Deed deed = Deed::kReceived;
  Verdict verdict = Verdict::kNone;  // of kTriaged
  Bytes sealed;                      // what was said, under the tip's content key
  bool operator==(const Entry&) const = default;
};

struct Photo {
  std::string tip;
  int number = 0;  // from 1
  Bytes sealed;    // under the tip's content key
  bool operator==(const Photo&) const = default;
};

/// What the tipster gave; exists outside the sealed content only while it is on its way there.
struct Content {
  std::string kind;  // what they took it for: one of kKinds
  std::string text;
  std::string contact;
  std::optional<ProgramTime> moment;  // exact
  bool operator==(const Content&) const = default;
};
inline constexpr std::array kKinds = {std::string_view("lead"), std::string_view("report"),
                                      std::string_view("consultation"), std::string_view("feedback"),
                                      std::string_view("other")};

inline constexpr size_t kMostCharacters = 10'000;  // of a text, a message or an answer
inline constexpr size_t kMostContact = 200;
inline constexpr int kMostPhotos = 5;
/// Of a timeline; the tipster has a quarter of them. The line of its end may be one more.
inline constexpr int kMostEntries = 200;

}  // namespace openday::desk
