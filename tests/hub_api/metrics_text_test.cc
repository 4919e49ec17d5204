#include "hub/metrics_text.h"

#include <catch2/catch.hpp>
#include <limits>

#include "prometheus_checker.h"

using openday::hub::MetricsText;
using openday::test::PrometheusChecker;
using Type = MetricsText::Type;

TEST_CASE("metrics come out as the text format wants them") {
  MetricsText out;
  out.metric("x_total", Type::kCounter, "How many.");
  out.value(3);
  out.value({{"a", "1"}, {"b", "two"}}, 0.5);
  out.metric("y", Type::kGauge, "No samples.");
  CHECK(out.text() ==
        "# HELP x_total How many.\n# TYPE x_total counter\nx_total 3\nx_total{a=\"1\",b=\"two\"} 0.5\n"
        "# HELP y No samples.\n# TYPE y gauge\n");
  CHECK(PrometheusChecker(out.text()).error().empty());
}

TEST_CASE("names that people chose cannot break out of their label") {
  MetricsText out;
  std::string nasty = "a\"} 1\nevil 2\\n{\\";
  out.metric("x", Type::kGauge, "Back\\slash and\nline.");
  out.value({{"name", nasty}}, 1);
  PrometheusChecker checker(out.text());
  CHECK(checker.error().empty());
  CHECK(checker.value("x", {{"name", nasty}}) == 1);
  CHECK(checker.samples("x").size() == 1);
}

TEST_CASE("numbers keep their value, also large and strange ones") {
  MetricsText out;
  out.metric("x", Type::kGauge, "X.");
  out.value({{"n", "big"}}, 9'007'199'254'740'991.0);
  out.value({{"n", "small"}}, 1e-9);
  out.value({{"n", "inf"}}, std::numeric_limits<double>::infinity());
  out.value({{"n", "nan"}}, std::numeric_limits<double>::quiet_NaN());
  PrometheusChecker checker(out.text());
  CHECK(checker.error().empty());
  CHECK(checker.value("x", {{"n", "big"}}) == 9'007'199'254'740'991.0);
  CHECK(checker.value("x", {{"n", "small"}}) == 1e-9);
  CHECK(out.text().find("x{n=\"inf\"} +Inf\n") != std::string::npos);
  CHECK(out.text().find("x{n=\"nan\"} NaN\n") != std::string::npos);
}

TEST_CASE("the checker of the tests notices what is wrong") {
  for (const char* bad : {"x 1\n", "# TYPE x gauge\nx 1\n", "# HELP x X\n# TYPE x gauge\ny 1\n",
                          "# HELP x X\n# TYPE x counter\nx 1\n", "# HELP x X\n# TYPE x gauge\nx{a=\"b} 1\n",
                          "# HELP x X\n# TYPE x gauge\nx one\n", "# HELP x X\n# TYPE x gauge\nx 1\nx 2\n",
                          "# HELP x X\n# TYPE x gauge\nx 1"}) {
    CAPTURE(bad);
    CHECK_FALSE(PrometheusChecker(bad).error().empty());
  }
}
