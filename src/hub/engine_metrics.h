// What engines, gateway and supervisor report, as metrics.
#pragma once

#include <string>
#include <vector>

#include "hub/engines.h"
#include "hub/metrics_text.h"
#include "hub/publishers.h"

namespace openday::hub {

void engine_metrics(MetricsText& out, const Engines& engines, const std::vector<std::string>& broadcasts);
void gateway_metrics(MetricsText& out, const Publishers& publishers);
/// `children`: the supervisor's list, or null.
void process_metrics(MetricsText& out, const Json& children);

}  // namespace openday::hub
