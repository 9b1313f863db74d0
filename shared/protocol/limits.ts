// Limits of the agent link. Both ends hold them; whoever sees one broken closes with the code that says so.

/** One WebSocket frame, bytes. The largest message is an inventory with its raw evidence. */
export const frameBytesMax = 1024 * 1024;
/** Evidence in one inventory, bytes, all sources together, as it travels (gzip). */
export const evidenceBytesMax = 768 * 1024;
/** One source of it, unpacked. */
export const evidenceSourceBytesMax = 4 * 1024 * 1024;
/** Frames a session may send per second, averaged over ten seconds. */
export const framesPerSecondMax = 50;
/** A session that has not said hello within this time is closed. */
export const helloTimeoutMs = 10_000;
/** Unsent bytes towards one peer at which the link is given up as stuck. */
export const sendBufferBytesMax = 4 * 1024 * 1024;
/** How often an agent shows that it lives, unless the controller says otherwise. */
export const defaultHeartbeatMs = 10_000;
/** Health is reported on change, and at least this often. */
export const healthFloorMs = 300_000;
/** A peer that was not heard for this many heartbeats is gone: the link is given up. */
export const silentHeartbeatsMax = 2.5;
/** Where a burn-in is, is told at most this often. */
export const burnInProgressEveryMs = 2000;
/** Maps and arrays in each other, in one frame. */
export const frameDepthMax = 16;
