#!/bin/sh
# The agent with the memory it may take: PIOUS runs in 512 MiB that hold the whole system as well. Its work is done by the
# kernel, by other programs and by what Node has in C: the compilers for hot code would cost it 8 MB and gain it nothing.
export MALLOC_ARENA_MAX=2
exec /usr/bin/node --max-old-space-size=96 --max-semi-space-size=1 --optimize-for-size --no-opt --no-maglev \
  --no-sparkplug /usr/lib/ppec/agent.cjs "$@"
