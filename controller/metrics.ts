// Counters and gauges for Prometheus.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

export type Metrics = {
  readonly heartbeat: () => void;
  readonly linkClosed: (reason: string) => void;
  readonly enrolled: (outcome: 'done' | 'refused') => void;
  readonly request: (operation: string, status: number) => void;
  readonly text: () => Promise<string>;
};

export function createMetrics(agentsOnline: () => number): Metrics {
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
  const requests = new Counter({
    name: 'ppec_api_requests_total',
    help: 'API requests, by operation and status',
    labelNames: ['operation', 'status'],
    registers,
  });
  new Gauge({
    name: 'ppec_agents_online',
    help: 'Agents connected now',
    registers,
    collect() {
      this.set(agentsOnline());
    },
  });
  return {
    heartbeat: () => heartbeats.inc(),
    linkClosed: (reason) => closed.inc({ reason }),
    enrolled: (outcome) => enrolments.inc({ outcome }),
    request: (operation, status) => requests.inc({ operation, status: String(status) }),
    text: () => registry.metrics(),
  };
}
