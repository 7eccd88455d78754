/** Counters of the server in the text format of Prometheus (exposition format 0.0.4). */

/** Upper bounds in seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

interface Latency {
  counts: number[];
  sum: number;
  count: number;
}

export class ServerMetrics {
  private readonly requests = new Map<string, number>();
  private readonly latencies = new Map<string, Latency>();

  /** One request that was answered. `route`: its pattern, so that ids make no series of their own. */
  request(method: string, route: string, status: number, seconds: number): void {
    const labels = `method="${method}",route="${route}"`;
    const counter = `${labels},status="${status}"`;
    this.requests.set(counter, (this.requests.get(counter) ?? 0) + 1);
    const latency = this.latencies.get(labels) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
    for (const [index, bound] of BUCKETS.entries())
      if (seconds <= bound) latency.counts[index] = (latency.counts[index] ?? 0) + 1;
    latency.sum += seconds;
    latency.count++;
    this.latencies.set(labels, latency);
  }

  /** All counters, and values of others by name; `counts`: it only grows. */
  text(values: Readonly<Record<string, { help: string; value: number; counts?: boolean }>>): string {
    const lines: string[] = [];
    for (const [name, { help, value, counts = false }] of Object.entries(values))
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${counts ? 'counter' : 'gauge'}`, `${name} ${value}`);
    lines.push('# HELP assay_requests_total Requests answered.', '# TYPE assay_requests_total counter');
    for (const [labels, count] of this.requests) lines.push(`assay_requests_total{${labels}} ${count}`);
    const latency = 'assay_request_seconds';
    lines.push(`# HELP ${latency} Time to the end of the reply.`, `# TYPE ${latency} histogram`);
    for (const [labels, { counts, sum, count }] of this.latencies) {
      for (const [index, bound] of BUCKETS.entries())
        lines.push(`${latency}_bucket{${labels},le="${bound}"} ${counts[index] ?? 0}`);
      lines.push(`${latency}_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(`${latency}_sum{${labels}} ${sum}`, `${latency}_count{${labels}} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
