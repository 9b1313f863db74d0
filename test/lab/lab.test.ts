// Real emulated machines: labs side by side, what is left after them, and a server that boots from the network.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLab } from './lab.ts';
import { processesIn } from './namespace.ts';
import type { ServerSpec } from './server-spec.ts';
import { waitForText } from './wait.ts';

const spec: ServerSpec = {
  name: 'rack-1',
  serial: 'SN-0001',
  uuid: '6b1c2f5e-0d5d-4f5e-9a51-3f7f8a1b2c3d',
  manufacturer: 'Lab, Inc.',
  product: 'Server One',
  assetTag: 'A-1',
  cpus: 2,
  memoryMiB: 256,
  dimms: [
    {
      locator: 'DIMM_A1',
      bank: 'BANK 0',
      sizeMiB: 65536,
      speedMts: 4800,
      manufacturer: 'Samsung',
      serial: 'D1',
      part: 'M1',
    },
    { locator: 'DIMM_A2', bank: 'BANK 0', empty: true },
  ],
  disks: [
    { kind: 'nvme', serial: 'NV1', sizeBytes: 1_000_204_886_016 },
    { kind: 'sata', serial: 'SA1', model: 'Disk, large', sizeBytes: 480_103_981_056 },
  ],
  nics: [{ mac: '52:54:00:aa:00:01' }, { mac: '52:54:00:aa:00:02', link: 'down' }],
};

// Answers the two boot requests as the controller does, and prints every request.
const bootServer = `
  import { createServer } from 'node:http';
  const first = '#!ipxe\\nchain http://10.99.0.1:7480/boot/script?mac=\${net0/mac}&uuid=\${uuid}&serial=\${serial}\\n';
  createServer((request, response) => {
    process.stdout.write('request ' + request.url + '\\n');
    response.end(request.url === '/boot/ipxe' ? first : '#!ipxe\\necho script arrived\\nshell\\n');
  }).listen(7480, '10.99.0.1', () => process.stdout.write('listening\\n'));
`;

const owner = `
  import { startLab } from ${JSON.stringify(new URL('lab.ts', import.meta.url).href)};
  const lab = await startLab({ dir: process.argv[1] });
  const server = lab.server(${JSON.stringify(spec)});
  await server.powerOn();
  process.stdout.write(lab.namespaceId + '\\n');
`;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const quick = { timeoutMs: 10_000 };

describe('a lab', () => {
  it('runs beside another one with the same addresses and leaves no process behind', async () => {
    const ids: string[] = [];
    {
      await using one = await startLab({ dir: join(dir, 'one') });
      await using two = await startLab({ dir: join(dir, 'two') });
      ids.push(one.namespaceId, two.namespaceId);
      for (const lab of [one, two]) {
        await lab.server(spec).powerOn();
        const { status, stdout } = await lab.run('ip', ['-brief', 'address', 'show', 'br0'], quick);
        expect(status).toBe(0);
        expect(stdout).toContain('10.99.0.1/24 10.20.0.1/24');
        // The holder, dnsmasq and QEMU.
        expect(processesIn(lab.namespaceId)).toHaveLength(3);
      }
    }
    expect(new Set(ids).size).toBe(2);
    expect(ids.flatMap(processesIn)).toEqual([]);
  });

  it('is gone when its owner is killed, and its folder is free again', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', owner, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const id = String((await once(lines, 'line'))[0]);
    expect(processesIn(id)).toHaveLength(3);
    await expect(startLab({ dir })).rejects.toThrow(`belongs to process ${String(child.pid)}`);
    child.kill('SIGKILL');
    await expect.poll(() => processesIn(id), { timeout: quick.timeoutMs }).toEqual([]);
    await using lab = await startLab({ dir });
    expect(lab.dir).toBe(dir);
  });

  it('refuses a folder that this process uses already', async () => {
    await using lab = await startLab({ dir });
    await expect(startLab({ dir: lab.dir })).rejects.toThrow('belongs to process');
  });

  it('reports status, output and environment of the commands inside, and stops them', async () => {
    await using lab = await startLab({ dir });
    expect(await lab.run('sh', ['-c', 'echo out; echo err >&2; exit 3'], quick)).toEqual({
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    await expect(lab.run('sleep', ['infinity'], { timeoutMs: 100 })).rejects.toThrow('longer than 100 ms');
    const command = lab.spawn('worker', ['sh', '-c', 'echo $GREETING; exec sleep infinity'], {
      env: { GREETING: 'hello there' },
    });
    await waitForText(join(dir, 'log', 'worker.log'), /^hello there$/m, quick);
    await command.stop();
    expect(await command.exited).toBe(128 + 15);
  });

  it('makes a Unix socket inside reachable as a TCP port outside', async () => {
    await using lab = await startLab({ dir });
    const unixPath = join(dir, 'echo.sock');
    await using echo = createServer((socket) => socket.pipe(socket));
    echo.listen(unixPath);
    await once(echo, 'listening');
    const port = await lab.forward({ listenPort: 0, unixPath });
    const socket = (await import('node:net')).createConnection(port, '127.0.0.1');
    socket.end('ping');
    const chunks: unknown[] = [];
    for await (const chunk of socket) chunks.push(String(chunk));
    expect(chunks.join('')).toBe('ping');
  });
});

describe('a lab server', () => {
  it('boots from the network, identifies itself to the boot service, and does so again after reset and power cycle', async () => {
    await using lab = await startLab({ dir });
    lab.spawn('boot', [process.execPath, '--input-type=module', '-e', bootServer]);
    const log = join(dir, 'log', 'boot.log');
    await waitForText(log, /listening/, quick);
    const server = lab.server(spec);
    const script = `request /boot/script?mac=52:54:00:aa:00:01&uuid=${spec.uuid}&serial=SN-0001\n`;
    const boots = async (times: number): Promise<void> => {
      const pattern = new RegExp(`(request /boot/ipxe\\n[^]*?request /boot/script[^\\n]*\\n[^]*?){${String(times)}}`);
      await waitForText(log, pattern, { timeoutMs: 120_000 });
      expect(decodeURIComponent(readFileSync(log, 'utf8')).split(script)).toHaveLength(times + 1);
    };

    await server.powerOn();
    await boots(1);
    await server.waitForConsole(/script arrived/, { timeoutMs: 30_000 });
    await server.screenshot(join(dir, 'screen.png'));
    expect(readFileSync(join(dir, 'screen.png')).subarray(1, 4).toString()).toBe('PNG');

    await server.reset();
    await boots(2);

    const before = server.consoleText();
    await server.powerOff();
    expect(server.isRunning()).toBe(false);
    await server.powerOn();
    await boots(3);
    expect(server.consoleText().startsWith(before)).toBe(true);
  });

  it('does not reach the network while its cable is out', async () => {
    await using lab = await startLab({ dir });
    const server = lab.server({ ...spec, nics: [{ mac: '52:54:00:aa:00:01', link: 'down' }] });
    const dhcpLog = join(dir, 'log', 'dnsmasq.log');
    await server.powerOn();
    await server.waitForConsole(/No configuration methods/, { timeoutMs: 120_000 });
    expect(readFileSync(dhcpLog, 'utf8')).not.toContain('DHCPDISCOVER');
    await server.setLink(0, true);
    await waitForText(dhcpLog, /DHCPDISCOVER\(br0\) 52:54:00:aa:00:01/, { timeoutMs: 120_000 });
  });
});
