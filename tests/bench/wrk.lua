-- SPDX-License-Identifier: Apache-2.0
-- What wrk saw, as JSON on a line of its own; times in microseconds, as wrk has them.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "errors": %d, "bytes": %d, "seconds": %.6f, "latency_us": {"p50": %d, "p90": %d, "p99": %d}}\n',
    summary.requests, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.bytes, summary.duration / 1e6, latency:percentile(50), latency:percentile(90),
    latency:percentile(99)))
end
