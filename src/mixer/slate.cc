#include "mixer/slate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "wrap/pango/painter.h"

namespace openday::mixer {
namespace {

using wrap::Align;
using wrap::Color;
using wrap::Extent;
using wrap::Painter;
using wrap::TextStyle;

// Flat colours only: gradients band after encoding. Gold marks the institution; red is kept for "on air".
constexpr Color kVenueGround{27, 35, 48};
constexpr Color kProgramGround{17, 24, 36};
constexpr Color kGold{200, 164, 92};
constexpr Color kBright{241, 244, 248};
constexpr Color kQuiet{160, 174, 192};
constexpr Color kPanel{13, 19, 29, 0.84};

constexpr double kLeastText = 9;  // pixels; below it Chinese is a smudge

struct Line {
  std::string text;
  TextStyle style;
  double before = 0;  // pixels above it
};

// Whole pixels: fonts are cached by size for good, and tiles come in many sizes.
double legible(double size) {
  return std::max(std::round(size), kLeastText);
}

TextStyle centred(double size, bool bold, Color color, int width, int lines = 1) {
  return {legible(size), bold, color, Align::kCentre, width, lines};
}

// Lines under one another, the whole block centred on `middle`.
void stack(Painter& painter, const std::vector<Line>& lines, int left, double middle) {
  double height = 0;
  for (const Line& line : lines) height += line.before + painter.measure(line.text, line.style).height;
  double y = middle - height / 2;
  for (const Line& line : lines) {
    y += line.before;
    y += painter.text(left, y, line.text, line.style).height;
  }
}

media::SharedImage finish(const Painter& painter) {
  return std::make_shared<media::Image>(painter.to_image());
}

}  // namespace

media::SharedImage venue_slate(int width, int height, const std::string& name) {
  Painter painter(width, height);
  painter.fill(kVenueGround);
  double unit = std::min(height, width * 9 / 16);  // narrow tiles get smaller letters
  int margin = width / 16;
  int column = width - 2 * margin;
  std::vector<Line> lines = {{name, centred(unit * 0.11, true, kBright, column, 2)}};
  if (unit >= 170) {
    lines.push_back({"正在重新连接", centred(unit * 0.06, false, kQuiet, column), unit * 0.05});
    lines.push_back({"Reconnecting", centred(unit * 0.045, false, kQuiet, column), unit * 0.005});
  } else {
    lines.push_back(
        {"正在重新连接 · Reconnecting", centred(unit * 0.07, false, kQuiet, column), unit * 0.04});
  }
  stack(painter, lines, margin, height / 2.0);
  double bar = std::max(2.0, unit / 120);
  painter.rectangle(0, height - bar, width, bar, kGold);
  return finish(painter);
}

media::SharedImage program_slate(int width, int height, const std::string& title,
                                 const Institution& institution) {
  Painter painter(width, height);
  painter.fill(kProgramGround);
  double unit = std::min(height, width * 9 / 16);
  int margin = width / 10;
  int column = width - 2 * margin;

  double rule = std::max(2.0, unit / 180);
  painter.rectangle(width / 2.0 - unit * 0.06, unit * 0.2, unit * 0.12, rule, kGold);
  std::vector<Line> head;
  if (!institution.name_zh.empty()) {
    head.push_back({institution.name_zh, centred(unit * 0.042, true, kGold, column)});
  }
  if (!institution.name_en.empty()) {
    head.push_back({institution.name_en, centred(unit * 0.03, false, kQuiet, column), unit * 0.004});
  }
  if (!head.empty()) stack(painter, head, margin, unit * 0.12);

  std::vector<Line> lines;
  if (!title.empty()) lines.push_back({title, centred(unit * 0.085, true, kBright, column, 3)});
  stack(painter, lines, margin, height * 0.47);
  stack(painter,
        {{"请稍候", centred(unit * 0.05, false, kBright, column)},
         {"Please stand by", centred(unit * 0.036, false, kQuiet, column), unit * 0.004}},
        margin, height * 0.78);
  return finish(painter);
}

std::shared_ptr<const Overlay> lower_third(int width, int height, const std::string& title) {
  if (title.empty()) return nullptr;
  double unit = std::min(height, width * 9 / 16);
  double padding = unit * 0.028;
  double accent = std::max(2.0, unit / 120);
  TextStyle style{legible(unit * 0.044), true, kBright, Align::kLeft, width * 3 / 5, 2};
  Extent box = Painter(16, 16).measure(title, style);
  int panel_width = (static_cast<int>(box.width + 2 * padding + accent) + 1) & ~1;
  int panel_height = (static_cast<int>(box.height + padding * 1.2) + 1) & ~1;
  Painter painter(panel_width, panel_height);
  painter.rectangle(0, 0, panel_width, panel_height, kPanel);
  painter.rectangle(0, 0, accent, panel_height, kGold);
  painter.text(accent + padding, (panel_height - box.height) / 2.0, title, style);
  wrap::Overlay drawn = painter.to_overlay();
  // Inside the title-safe area: the outer twentieth belongs to old screens and to players' controls.
  int x = width / 20 / 2 * 2;
  int y = std::max(0, (height - height / 12 - panel_height) / 2 * 2);
  return std::make_shared<Overlay>(
      Overlay{x, y, std::move(drawn.picture), std::move(drawn.alpha), std::move(drawn.chroma_alpha)});
}

}  // namespace openday::mixer
