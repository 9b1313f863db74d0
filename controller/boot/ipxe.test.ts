import { describe, expect, it } from 'vitest';

import { chainScript, piousScript, waitScript } from './ipxe.ts';

describe('boot scripts', () => {
  it('chain to an absolute address with what the machine is', () => {
    expect(chainScript('http://10.99.0.1:7480')).toContain(
      'chain http://10.99.0.1:7480/boot/script?mac=${net0/mac}&uuid=${uuid}&serial=${serial:uristring}',
    );
  });

  it('end, and do not ask again, when the second script says so', () => {
    const lines = chainScript('http://10.99.0.1:7480').split('\n');
    const chained = lines.findIndex((line) => line.includes('/boot/script'));
    expect(lines.slice(chained + 1, chained + 3)).toEqual(['exit', ':retry']);
  });

  it('give PIOUS the pinned CA, the token and the time', () => {
    const script = piousScript({
      bootUrl: 'http://10.99.0.1:7480', agentUrl: 'https://10.99.0.1:7444', caSha256: 'ab'.repeat(32), token: 'T',
      mac: '52:54:00:00:00:01', nowMs: 1_700_000_000_999, extraCmdline: '',
    }); // prettier-ignore
    expect(script.split('\n')[1]).toBe(
      `kernel http://10.99.0.1:7480/boot/pious/vmlinuz initrd=initramfs.img console=tty0 console=ttyS0,115200 ppec.controller=https://10.99.0.1:7444 ppec.boot=http://10.99.0.1:7480 ppec.ca=${'ab'.repeat(32)} ppec.token=T ppec.mac=52:54:00:00:00:01 ppec.time=1700000000`,
    );
  });

  it('cannot be broken out of by a reason', () => {
    expect(waitScript('a\nshell\n').split('\n')[1]).toBe('echo PPEC: a shell ');
  });
});
