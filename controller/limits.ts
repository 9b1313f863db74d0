// Limits of the three listeners, in one place: how much of what a peer may take, and how long. docs/limits.md lists them
// beside those of the agent protocol, and a test holds the two together. What is per address can be raised in the
// configuration, for sites that stand behind one.

// Every listener.
/** All headers of a request together. */
export const headerBytesMax = 16 * 1024;
/** From the connection, or the answer before, to the end of the headers. */
export const headersTimeoutMs = 10_000;
/** A TLS handshake that is not through by then is given up. */
export const handshakeTimeoutMs = 10_000;
/** A connection that is kept for the next request. */
export const keepAliveTimeoutMs = 30_000;
/** How often connections are looked at for what is overdue. */
export const overdueCheckMs = 2000;
/** A body that drips: this many bytes must come in each window until it is whole. */
export const bodyWindowMs = 10_000;
export const bodyWindowBytesMin = 4096;
/** Addresses and credentials whose budgets are remembered; the one not seen for longest is forgotten. */
export const budgetKeysMax = 20_000;

// The API.
/** Largest JSON body. Well above the largest order document, so that what is too large by the contract is refused in words. */
export const apiBodyBytesMax = 16 * 1024 * 1024;
/** A JSON body, from its headers to its end. */
export const apiBodyTimeoutMs = 60_000;
/** The content of an image. */
export const uploadTimeoutMs = 3_600_000;
/** Uploads at a time. */
export const uploadsMax = 4;
/** Objects and lists in each other. */
export const jsonDepthMax = 64;
export const apiConnectionsMax = 2000;
export const apiSocketConnectionsMax = 1000;
/** A peer that does not read its answer: this many bytes must go out in each window. */
export const apiAnswerWindowMs = 30_000;
export const answerWindowBytesMin = 65_536;
export const apiHandshakesPerSecondMax = 200;
export const apiHandshakesPerAddressPerSecondMax = 20;
/** Attempts by whoever has not shown a good credential yet, per address: at once, and per second from then on. */
export const strangerBurstMax = 20;
export const strangersPerSecondMax = 0.5;
/** Pages that need no credential, per address. */
export const publicBurstMax = 100;
export const publicPerSecondMax = 20;
/** Requests of one credential. Reads and writes have budgets of their own: who reads too much can still approve. */
export const readBurstMax = 400;
export const readsPerSecondMax = 100;
export const writeBurstMax = 100;
export const writesPerSecondMax = 20;
/** Long polls that wait are reads in flight. */
export const readsInFlightPerCredentialMax = 64;
export const writesInFlightPerCredentialMax = 16;
/** Reads that are with the store at a time: a write waits behind these at most. */
export const readLaneMax = 16;
/** Operations that cost much: reports, exports, imports. */
export const expensiveInFlightMax = 4;
export const expensivePerCredentialMax = 2;

// Agents.
export const agentConnectionsMax = 50_000;
export const agentBodyBytesMax = 64 * 1024;
export const agentRequestTimeoutMs = 30_000;
/** Enrolments and renewals under way at a time: each makes a certificate. */
export const enrolmentsInFlightMax = 64;
/** Messages of one session that wait for the store. */
export const sessionQueueMax = 64;
/** Messages of all sessions that are with the store at a time: what a person writes waits behind these at most. */
export const agentLaneMax = 4;
/** What all evidence of one report unpacks to. */
export const evidenceUnpackedBytesMax = 64 * 1024 * 1024;

// Network boot.
export const bootConnectionsMax = 4096;
export const bootRequestTimeoutMs = 30_000;
/** A machine may pause for long while it unpacks and writes what it loads. */
export const bootAnswerWindowMs = 300_000;
export const bootUrlBytesMax = 2048;
