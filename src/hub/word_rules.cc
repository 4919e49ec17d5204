#include "hub/word_rules.h"

#include "engage/screen.h"
#include "engage/word_list.h"

namespace openday::hub {
namespace {

constexpr size_t kMostWaiting = 16;

class LexiconScreen final : public engage::Screen {
 public:
  explicit LexiconScreen(std::shared_ptr<const engage::Lexicon> lexicon) : lexicon_(std::move(lexicon)) {}

  [[nodiscard]] std::optional<engage::Finding> find(std::string_view text) const override {
    auto found = engage::screen(text, *lexicon_);
    if (!found) return std::nullopt;
    return engage::Finding{found->severity == engage::Severity::kRefuse,
                           {std::move(found->rule), found->from16, found->to16}};
  }
  [[nodiscard]] uint64_t fingerprint(std::string_view text) const override {
    return engage::fingerprint(text);
  }

 private:
  const std::shared_ptr<const engage::Lexicon> lexicon_;
};

}  // namespace

WordRules::WordRules(Loop& loop, engage::Archives& archives)
    : archives_(archives), worker_(loop, kMostWaiting) {}

Result<WordRules::Compiled> WordRules::compile(const std::vector<engage::WordListText>& lists) {
  Compiled made;
  std::vector<engage::WordList> parsed;
  for (const auto& list : lists) {
    OPENDAY_TRY(auto one, engage::parse_word_list(list.name, list.text));
    made.words[list.name] = one.words();
    parsed.push_back(std::move(one));
  }
  made.screen = std::make_shared<const LexiconScreen>(engage::Lexicon::compile(parsed));
  return made;
}

Result<> WordRules::load() {
  OPENDAY_TRY(auto lists, archives_.archive().word_lists());
  OPENDAY_TRY(auto made, compile(lists));
  screen_ = std::move(made.screen);
  words_ = std::move(made.words);
  return {};
}

void WordRules::reload(std::function<void(Result<>)> done) {
  auto lists = archives_.archive().word_lists();
  if (!lists) return done(std::unexpected(lists.error()));
  auto shared = std::make_shared<std::function<void(Result<>)>>(std::move(done));
  bool taken = worker_.ask([lists = std::move(*lists)](const std::stop_token&) { return compile(lists); },
                           [this, shared](Result<Compiled> made) {
                             if (!made) return (*shared)(std::unexpected(made.error()));
                             screen_ = std::move(made->screen);
                             words_ = std::move(made->words);
                             (*shared)({});
                           });
  if (!taken) (*shared)(fail(Errc::kBusy, "too many word lists change at once; try again"));
}

void WordRules::check(std::string name, std::string text, std::function<void(Result<>)> done) {
  auto shared = std::make_shared<std::function<void(Result<>)>>(std::move(done));
  bool taken = worker_.ask(
      [name = std::move(name), text = std::move(text)](const std::stop_token&) -> Result<> {
        OPENDAY_TRY(auto parsed, engage::parse_word_list(name, text));
        static_cast<void>(parsed);
        return {};
      },
      [shared](const Result<>& outcome) { (*shared)(outcome); });
  if (!taken) (*shared)(fail(Errc::kBusy, "too many word lists change at once; try again"));
}

size_t WordRules::words(const std::string& list) const {
  auto known = words_.find(list);
  return known == words_.end() ? 0 : known->second;
}

}  // namespace openday::hub
