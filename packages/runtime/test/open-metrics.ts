/** One line of figures. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with all its lines. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What the samples of each type may be called after the name of their metric. */
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"],
  info: ["_info"],
  stateset: [""],
  unknown: [""],
};

const metricName = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const labelPair = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sampleLine = new RegExp(`^(${metricName})(?:\\{(${labelPair}(?:,${labelPair})*)?\\})? ([^ ]+)$`);
const metadataLine = new RegExp(`^# (HELP|TYPE|UNIT) (${metricName}) (.*)$`);

/**
 * Reads OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/#text-format), and throws at the first
 * line that is none.
 */
export function parseOpenMetrics(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith("\n# EOF\n")) throw new Error("It does not end with # EOF and a line break");
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>();
  let current: { name: string; type: string; help: string; samples: Sample[] } | undefined;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, keyword, named = "", rest = ""] = metadataLine.exec(line) ?? [];
    if (keyword === undefined) {
      if (current === undefined) throw new Error(`There is no metric for: ${line}`);
      current.samples.push(sampleOf(line, current));
      continue;
    }
    if (current?.name !== named) {
      if (families.has(named)) throw new Error(`The lines of ${named} do not stand together`);
      current = { name: named, type: "unknown", help: "", samples: [] };
      families.set(named, current);
    }
    if (current.samples.length > 0) throw new Error(`${keyword} of ${named} comes after its samples`);
    if (keyword === "TYPE") {
      if (suffixes[rest] === undefined) throw new Error(`${named} has the unknown type ${rest}`);
      current.type = rest;
    }
    if (keyword === "HELP") current.help = rest;
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function sampleOf(line: string, { name, type }: { readonly name: string; readonly type: string }): Sample {
  const [, sampleName = "", pairs = "", number = ""] = sampleLine.exec(line) ?? [];
  if (sampleName === "") throw new Error(`This is no sample: ${line}`);
  const allowed = suffixes[type] ?? [];
  if (!allowed.some((suffix) => sampleName === `${name}${suffix}`))
    throw new Error(`A ${type} called ${name} has no sample ${sampleName}`);
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
  if (Number.isNaN(value) && !/^nan$/i.test(number)) throw new Error(`This is no number: ${line}`);
  const labels: Record<string, string> = {};
  for (const [pair = ""] of pairs.matchAll(new RegExp(labelPair, "g"))) {
    const [label = ""] = pair.split("=", 1);
    if (label in labels) throw new Error(`The label ${label} comes twice: ${line}`);
    labels[label] = pair
      .slice(label.length + 2, -1)
      .replaceAll(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
  }
  return { name: sampleName, labels, value };
}

function checkFamily({ name, type, samples }: MetricFamily): void {
  const seen = new Set<string>();
  for (const sample of samples) {
    const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(series)) throw new Error(`A series comes twice: ${series}`);
    seen.add(series);
    if (type === "counter" && !(sample.value >= 0)) throw new Error(`The counter ${name} is ${sample.value}`);
  }
  if (type === "histogram") checkHistogram(name, samples);
  if (type === "stateset" && !samples.every(({ labels, value }) => name in labels && (value === 0 || value === 1)))
    throw new Error(`A state of ${name} is not named by its own label, or is neither 0 nor 1`);
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _bound, ...labels } = sample.labels;
    const group = JSON.stringify(Object.entries(labels).sort());
    groups.set(group, [...(groups.get(group) ?? []), sample]);
  }
  for (const [group, found] of groups) {
    const bounds = found.filter((sample) => sample.name === `${name}_bucket`);
    const before = (index: number): Sample | undefined => bounds[index - 1];
    for (const [index, { labels, value }] of bounds.entries()) {
      const bound = labels["le"] ?? "";
      if (!/^(?:\+Inf|\d+\.\d+(?:e-?\d+)?)$/.test(bound)) throw new Error(`${name} has the bound ${bound}`);
      const last = before(index);
      if (last !== undefined && (toBound(last) >= toBound({ labels }) || last.value > value))
        throw new Error(`The buckets of ${name}${group} do not grow`);
    }
    const count = found.find((sample) => sample.name === `${name}_count`)?.value;
    if (bounds.at(-1)?.labels["le"] !== "+Inf" || bounds.at(-1)?.value !== count)
      throw new Error(`The last bucket of ${name}${group} is not its count`);
  }
}

function toBound({ labels }: Pick<Sample, "labels">): number {
  return labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"]);
}
