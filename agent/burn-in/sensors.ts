// What is watched while a machine works: temperatures, clocks, throttle counts. Read from sysfs every few seconds.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** On a machine with more cores than this every nth is read. */
const coresReadMax = 64;

type Sample = {
  readonly atMs: number;
  /** Events of all cores and packages; undefined where the kernel counts none. */
  readonly throttleCount: number | undefined;
  /** Mean over the cores. */
  readonly mhz: number | undefined;
  readonly temperatureCelsius: number | undefined;
};

export type SensorWindow = {
  readonly throttleCount: number | undefined;
  readonly mhz: number | undefined;
  readonly temperatureMaxCelsius: number | undefined;
  /** Longest time in a row below the base clock; undefined where that is not known. */
  readonly belowBaseSeconds: number | undefined;
};

export type Sensors = {
  /** Watches from now on; the answer ends that and tells what was seen. */
  readonly watch: () => () => Promise<SensorWindow>;
};

export function openSensors(root: string, everyMs: number): Sensors {
  return {
    watch: () => {
      const samples: Promise<Sample>[] = [];
      let isReading = false;
      const take = (): void => {
        if (isReading) return;
        isReading = true;
        const sample = readSample(root);
        samples.push(sample);
        // A run of days keeps its first sample, for what is counted, and the newest ones.
        if (samples.length > 10_000) void samples.splice(1, 1);
        void sample.finally(() => (isReading = false)).catch(() => undefined);
      };
      take();
      const timer = setInterval(take, everyMs);
      return async () => {
        clearInterval(timer);
        samples.push(readSample(root));
        return sensorWindow(await Promise.all(samples), await baseMhz(root));
      };
    },
  };
}

export function sensorWindow(samples: readonly Sample[], base: number | undefined): SensorWindow {
  const first = samples[0]?.throttleCount;
  const last = samples.at(-1)?.throttleCount;
  const clocks = samples.flatMap(({ mhz }) => (mhz === undefined ? [] : [mhz]));
  const heat = samples.flatMap(({ temperatureCelsius: value }) => (value === undefined ? [] : [value]));
  return {
    throttleCount: first === undefined || last === undefined ? undefined : Math.max(0, last - first),
    mhz: clocks.length === 0 ? undefined : Math.round(clocks.reduce((sum, value) => sum + value, 0) / clocks.length),
    temperatureMaxCelsius: heat.length === 0 ? undefined : Math.max(...heat),
    belowBaseSeconds: base === undefined || clocks.length === 0 ? undefined : longestBelow(samples, base),
  };
}

/** Not counting the first and the last sample: there the load begins and has ended. */
function longestBelow(samples: readonly Sample[], base: number): number {
  let longestMs = 0;
  let sinceMs: number | undefined;
  for (const { atMs, mhz } of samples.slice(1, -1)) {
    // One part in a hundred is how exactly a clock is measured.
    if (mhz !== undefined && mhz < base * 0.99) {
      sinceMs ??= atMs;
      longestMs = Math.max(longestMs, atMs - sinceMs);
    } else sinceMs = undefined;
  }
  return Math.round(longestMs / 1000);
}

async function readSample(root: string): Promise<Sample> {
  const cpus = join(root, 'sys/devices/system/cpu');
  const names = (await namesIn(cpus)).filter((name) => /^cpu\d+$/.test(name));
  const step = Math.max(1, Math.ceil(names.length / coresReadMax));
  let throttles: number | undefined;
  const clocks: number[] = [];
  for (const name of names.filter((_, index) => index % step === 0)) {
    for (const kind of ['core', 'package']) {
      const count = await numberIn(join(cpus, name, `thermal_throttle/${kind}_throttle_count`));
      if (count !== undefined) throttles = (throttles ?? 0) + count;
    }
    const khz =
      (await numberIn(join(cpus, name, 'cpufreq/cpuinfo_avg_freq'))) ??
      (await numberIn(join(cpus, name, 'cpufreq/scaling_cur_freq')));
    if (khz !== undefined) clocks.push(khz / 1000);
  }
  return {
    atMs: performance.now(),
    throttleCount: throttles,
    mhz: clocks.length === 0 ? undefined : clocks.reduce((sum, value) => sum + value, 0) / clocks.length,
    temperatureCelsius: await hottest(root),
  };
}

/** The base clock as intel_pstate or ACPI CPPC tell it. */
async function baseMhz(root: string): Promise<number | undefined> {
  const cpu = join(root, 'sys/devices/system/cpu/cpu0');
  const khz = await numberIn(join(cpu, 'cpufreq/base_frequency'));
  const nominal = await numberIn(join(cpu, 'acpi_cppc/nominal_freq'));
  return khz === undefined ? (nominal === undefined || nominal === 0 ? undefined : nominal) : khz / 1000;
}

async function hottest(root: string): Promise<number | undefined> {
  const found: number[] = [];
  const monitors = join(root, 'sys/class/hwmon');
  for (const monitor of (await namesIn(monitors)).slice(0, 64)) {
    const driver = (await readFile(join(monitors, monitor, 'name'), 'utf8').catch(() => '')).trim();
    if (driver !== 'coretemp' && driver !== 'k10temp') continue;
    const inputs = (await namesIn(join(monitors, monitor))).filter((name) => /^temp\d+_input$/.test(name));
    for (const input of inputs.slice(0, 64)) {
      const milli = await numberIn(join(monitors, monitor, input));
      if (milli !== undefined) found.push(milli / 1000);
    }
  }
  return found.length === 0 ? undefined : Math.max(...found);
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function numberIn(path: string): Promise<number | undefined> {
  const text = (await readFile(path, 'utf8').catch(() => '')).trim();
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}
