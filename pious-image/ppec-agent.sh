#!/bin/sh
# The agent with the memory it may take: PIOUS runs in 512 MiB that hold the whole system as well.
export MALLOC_ARENA_MAX=2
exec /usr/bin/node --max-old-space-size=96 --max-semi-space-size=1 --optimize-for-size /usr/lib/ppec/agent.cjs "$@"
