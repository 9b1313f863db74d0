// What the numbers of a SEL event mean, in plain words and with how much each matters (IPMI v2.0 rev 1.1 §42). Data only.

/** Critical: a part failed or the machine stopped. Warning: someone should look. Info: anything else. */
export type SelSeverity = 'critical' | 'warning' | 'info';
export type Meaning = readonly [text: string, severity: SelSeverity];
type Meanings = Readonly<Record<number, Meaning>>;

const critical = (text: string): Meaning => [text, 'critical'];
const warning = (text: string): Meaning => [text, 'warning'];
const info = (text: string): Meaning => [text, 'info'];

/** Table 42-3, sensor types. */
export const sensorTypes: Readonly<Record<number, string>> = {
  0x01: 'temperature', 0x02: 'voltage', 0x03: 'current', 0x04: 'fan', 0x05: 'chassis intrusion',
  0x06: 'platform security', 0x07: 'processor', 0x08: 'power supply', 0x09: 'power unit', 0x0a: 'cooling device',
  0x0b: 'other units', 0x0c: 'memory', 0x0d: 'drive', 0x0e: 'POST memory resize', 0x0f: 'firmware progress',
  0x10: 'event log', 0x11: 'watchdog 1', 0x12: 'system event', 0x13: 'critical interrupt', 0x14: 'button',
  0x15: 'module or board', 0x16: 'microcontroller', 0x17: 'add-in card', 0x18: 'chassis', 0x19: 'chip set',
  0x1a: 'other FRU', 0x1b: 'cable or interconnect', 0x1c: 'terminator', 0x1d: 'system boot', 0x1e: 'boot error',
  0x1f: 'operating system boot', 0x20: 'operating system stop', 0x21: 'slot or connector', 0x22: 'system power state',
  0x23: 'watchdog 2', 0x24: 'platform alert', 0x25: 'entity presence', 0x26: 'monitor chip', 0x27: 'LAN',
  0x28: 'management subsystem', 0x29: 'battery', 0x2a: 'session audit', 0x2b: 'version change', 0x2c: 'FRU state',
}; // prettier-ignore

/** Table 42-3, offsets of event type 6Fh. */
export const sensorSpecific: Readonly<Record<number, Meanings>> = {
  0x05: { 0: warning('chassis opened'), 1: warning('drive bay opened'), 4: warning('LAN cable pulled'), 6: warning('fan area opened') },
  0x07: {
    0: critical('internal error (IERR)'), 1: critical('thermal trip'), 2: critical('self-test failed (FRB1)'),
    3: critical('hung in POST (FRB2)'), 4: critical('did not start (FRB3)'), 5: critical('configuration error'),
    6: critical('uncorrectable error of the CPU complex'), 7: info('present'), 8: warning('disabled'),
    9: info('terminator present'), 10: warning('throttled'), 11: critical('uncorrectable machine check'),
    12: warning('correctable machine check'),
  },
  0x08: {
    0: info('present'), 1: critical('failed'), 2: warning('failure predicted'), 3: critical('input power lost'),
    4: critical('input power lost or out of range'), 5: warning('input power out of range'),
    6: warning('configuration error'), 7: info('in standby'),
  },
  0x09: {
    0: info('power off'), 1: info('power cycle'), 2: critical('240 VA power down'), 3: warning('interlock power down'),
    4: critical('AC lost'), 5: critical('power control failed'), 6: critical('failed'), 7: warning('failure predicted'),
  },
  0x0c: {
    0: warning('correctable ECC error'), 1: critical('uncorrectable ECC error'), 2: critical('parity error'),
    3: critical('scrub failed'), 4: critical('device disabled'), 5: warning('limit of correctable ECC errors reached'),
    6: info('present'), 7: critical('configuration error'), 8: info('spare'), 9: warning('throttled'),
    10: critical('too hot'),
  },
  0x0d: {
    0: info('present'), 1: critical('fault'), 2: warning('failure predicted'), 3: info('hot spare'),
    4: info('consistency check in progress'), 5: warning('in a critical array'), 6: critical('in a failed array'),
    7: info('rebuild in progress'), 8: warning('rebuild aborted'),
  },
  0x0f: { 0: warning('firmware reports an error'), 1: critical('firmware hung'), 2: info('firmware progress') },
  0x10: {
    0: warning('logging of correctable memory errors disabled'), 1: warning('logging of an event disabled'),
    2: info('log cleared'), 3: warning('all logging disabled'), 4: warning('log full'), 5: warning('log almost full'),
    6: warning('logging of correctable machine checks disabled'),
  },
  0x12: {
    0: info('system reconfigured'), 1: info('maker’s boot event'), 2: critical('hardware failure of unknown kind'),
    3: info('entry in the auxiliary log'), 4: info('action of the event filter'), 5: info('clock set'),
  },
  0x13: {
    0: warning('NMI from the front panel'), 1: critical('bus timeout'), 2: critical('I/O channel check'),
    3: warning('software NMI'), 4: critical('PCI parity error'), 5: critical('PCI system error'),
    6: critical('fail-safe timeout'), 7: warning('correctable bus error'), 8: critical('uncorrectable bus error'),
    9: critical('fatal NMI'), 10: critical('fatal bus error'), 11: warning('bus degraded'),
  },
  0x1e: { 0: warning('no boot device'), 2: warning('no PXE server found'), 3: warning('boot sector invalid') },
  0x20: { 0: critical('stopped while loading'), 1: critical('stopped while running'), 2: info('stopped'), 3: info('shut down') },
  0x21: { 0: critical('fault'), 2: info('device installed'), 5: info('powered off'), 8: info('disabled') },
  0x23: {
    0: warning('timer ran out'), 1: critical('hard reset'), 2: critical('power down'), 3: critical('power cycle'),
    8: info('interrupt before the timer runs out'),
  },
  0x25: { 0: info('present'), 1: info('absent'), 2: warning('disabled') },
  0x28: {
    0: warning('sensor degraded'), 1: warning('controller degraded'), 2: warning('controller off line'),
    3: critical('controller unavailable'), 4: warning('sensor failed'), 5: warning('FRU failed'),
  },
  0x29: { 0: warning('low'), 1: critical('failed'), 2: info('present') },
  0x2b: { 0: warning('hardware changed'), 1: info('firmware changed'), 2: warning('hardware incompatible'), 3: warning('firmware incompatible') },
}; // prettier-ignore

/** Table 42-2, event type 01h: the reading passed a threshold. */
export const thresholds: Meanings = {
  0: warning('fell below its lower non-critical threshold'), 1: info('rose above its lower non-critical threshold'),
  2: critical('fell below its lower critical threshold'), 3: info('rose above its lower critical threshold'),
  4: critical('fell below its lower non-recoverable threshold'), 5: info('rose above its lower non-recoverable threshold'),
  6: info('fell below its upper non-critical threshold'), 7: warning('rose above its upper non-critical threshold'),
  8: info('fell below its upper critical threshold'), 9: critical('rose above its upper critical threshold'),
  10: info('fell below its upper non-recoverable threshold'), 11: critical('rose above its upper non-recoverable threshold'),
}; // prettier-ignore

/** Table 42-2, event types 02h–0Ch: the same words for every sensor type. */
export const generic: Readonly<Record<number, Meanings>> = {
  0x02: { 0: info('idle'), 1: info('active'), 2: info('busy') },
  0x03: { 0: info('state left'), 1: info('state entered') },
  0x04: { 0: info('no failure predicted'), 1: warning('failure predicted') },
  0x05: { 0: info('limit not exceeded'), 1: warning('limit exceeded') },
  0x06: { 0: info('performance met'), 1: warning('performance lags') },
  0x07: {
    0: info('OK'), 1: warning('not critical, was OK'), 2: critical('critical, was less severe'),
    3: critical('not recoverable, was less severe'), 4: warning('not critical, was more severe'),
    5: critical('critical, was not recoverable'), 6: critical('not recoverable'), 7: info('monitored'),
    8: info('for information'),
  },
  0x08: { 0: info('absent'), 1: info('present') },
  0x09: { 0: info('disabled'), 1: info('enabled') },
  0x0a: {
    0: info('running'), 1: info('in test'), 2: info('powered off'), 3: info('on line'), 4: warning('off line'),
    5: info('off duty'), 6: warning('degraded'), 7: info('power save'), 8: warning('install error'),
  },
  0x0b: {
    0: info('fully redundant'), 1: critical('redundancy lost'), 2: warning('redundancy degraded'),
    3: warning('not redundant, resources suffice'), 4: warning('not redundant, resources suffice again'),
    5: critical('not redundant, resources do not suffice'), 6: warning('redundancy degraded from full'),
    7: warning('redundancy degraded from none'),
  },
  0x0c: { 0: info('power state D0'), 1: info('power state D1'), 2: info('power state D2'), 3: info('power state D3') },
}; // prettier-ignore
