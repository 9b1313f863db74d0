// Counters and gauges for Prometheus.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

export type Metrics = {
  readonly heartbeat: () => void;
  readonly linkClosed: (reason: string) => void;
  readonly enrolled: (outcome: 'done' | 'refused') => void;
  readonly connectionRefused: (listener: string, reason: string) => void;
  readonly request: (operation: string, status: number) => void;
  readonly text: () => Promise<string>;
};

export type Observed = { readonly agentsOnline: () => number; readonly agentRssBytesMax: () => number };

export function createMetrics(observed: Observed): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'ppec_' });
  const registers = [registry];
  const heartbeats = new Counter({ name: 'ppec_heartbeats_total', help: 'Heartbeats taken from agents', registers });
  const closed = new Counter({
    name: 'ppec_agent_links_closed_total',
    help: 'Agent links closed, by reason',
    labelNames: ['reason'],
    registers,
  });
  const enrolments = new Counter({
    name: 'ppec_enrolments_total',
    help: 'Enrolments, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const refused = new Counter({
    name: 'ppec_connections_refused_total',
    help: 'Connections closed as they were accepted, by listener and reason',
    labelNames: ['listener', 'reason'],
    registers,
  });
  const requests = new Counter({
    name: 'ppec_api_requests_total',
    help: 'API requests, by operation and status',
    labelNames: ['operation', 'status'],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('ppec_agents_online', 'Agents connected now', observed.agentsOnline);
  gauge('ppec_agent_rss_bytes', 'Largest resident memory of a connected agent', observed.agentRssBytesMax);
  return {
    heartbeat: () => heartbeats.inc(),
    linkClosed: (reason) => closed.inc({ reason }),
    enrolled: (outcome) => enrolments.inc({ outcome }),
    connectionRefused: (listener, reason) => refused.inc({ listener, reason }),
    request: (operation, status) => requests.inc({ operation, status: String(status) }),
    text: () => registry.metrics(),
  };
}
