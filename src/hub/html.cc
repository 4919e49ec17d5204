#include "hub/html.h"

#include <algorithm>
#include <cassert>

namespace openday::hub {

void Html::escape(std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '&': out_ += "&amp;"; break;
      case '<': out_ += "&lt;"; break;
      case '>': out_ += "&gt;"; break;
      case '"': out_ += "&quot;"; break;
      case '\'': out_ += "&#39;"; break;
      default: out_ += c;
    }
  }
}

void Html::start(HtmlName element, std::initializer_list<HtmlAttribute> attributes) {
  out_ += '<';
  out_ += element.text();
  for (const auto& one : attributes) {
    if (one.value.empty()) continue;
    out_ += ' ';
    out_ += one.name.text();
    if (one.value == kHtmlFlag) continue;
    out_ += "=\"";
    escape(one.value);
    out_ += '"';
  }
  out_ += '>';
}

Html& Html::open(HtmlName element, std::initializer_list<HtmlAttribute> attributes) {
  start(element, attributes);
  open_.push_back(element.text());
  return *this;
}

Html& Html::single(HtmlName element, std::initializer_list<HtmlAttribute> attributes) {
  start(element, attributes);
  return *this;
}

Html& Html::text(std::string_view text) {
  escape(text);
  return *this;
}

Html& Html::close() {
  assert(!open_.empty());
  out_ += "</";
  out_ += open_.back();
  out_ += '>';
  open_.pop_back();
  return *this;
}

Html& Html::paragraphs(std::string_view content, std::string_view css) {
  while (!content.empty()) {
    size_t end = std::min(content.find("\n\n"), content.size());
    std::string_view paragraph = content.substr(0, end);
    content.remove_prefix(end);
    while (content.starts_with('\n')) content.remove_prefix(1);
    open("p", {{"class", css}});
    while (!paragraph.empty()) {
      size_t line = std::min(paragraph.find('\n'), paragraph.size());
      text(paragraph.substr(0, line));
      paragraph.remove_prefix(line);
      if (paragraph.empty()) break;
      paragraph.remove_prefix(1);
      single("br");
    }
    close();
  }
  return *this;
}

Html& Html::fill_up(size_t size) {
  assert(open_.empty());
  out_.append((size - out_.size() % size) % size, ' ');
  return *this;
}

}  // namespace openday::hub
