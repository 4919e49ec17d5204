// HTML that is written element by element, so that no text can be taken for markup. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openday::hub {

/// The name of an element or attribute: only what stands in this program's text.
class HtmlName {
 public:
  consteval HtmlName(const char* name) : name_(name) {}  // NOLINT(google-explicit-constructor): reads as HTML
  [[nodiscard]] std::string_view text() const { return name_; }

 private:
  std::string_view name_;
};

/// An attribute that stands without a value: checked, required.
inline constexpr std::string_view kHtmlFlag = "\x01";

/// With an empty value it is left out.
struct HtmlAttribute {
  HtmlName name;
  std::string_view value;
};

/// `<p class="x">text &amp; more</p>`: html.open("p", {{"class", "x"}}).text("text & more").close();
class Html {
 public:
  /// A whole page, up to where its elements begin.
  Html() : out_("<!doctype html>\n") {}

  Html& open(HtmlName element, std::initializer_list<HtmlAttribute> attributes = {});
  /// Without content or end: <input>, <meta>.
  Html& single(HtmlName element, std::initializer_list<HtmlAttribute> attributes = {});
  Html& text(std::string_view text);
  /// Of the innermost element that is open.
  Html& close();
  /// open, text, close.
  Html& leaf(HtmlName element, std::string_view content,
             std::initializer_list<HtmlAttribute> attributes = {}) {
    return open(element, attributes).text(content).close();
  }
  /// A <p> for every paragraph of what people wrote; single line breaks stay line breaks.
  Html& paragraphs(std::string_view content, std::string_view css = {});
  /// Fills up with spaces to the next multiple of `size` bytes, so that lengths tell little. Last of all.
  Html& fill_up(size_t size);

  /// Everything is closed.
  [[nodiscard]] const std::string& page() const { return out_; }

 private:
  void escape(std::string_view text);
  void start(HtmlName element, std::initializer_list<HtmlAttribute> attributes);

  std::string out_;
  std::vector<std::string_view> open_;
};

}  // namespace openday::hub
