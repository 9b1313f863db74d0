// Orders as they happen: the order first, its delivery later, its invoice later still, each as the vendor sends it. What the
// vendor got wrong is recorded, and holds exactly the machines it concerns until it is settled.
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['Z1'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

const orderCsv = (number: string, quantity: number): string =>
  `number,vendor,currency,line,class,quantity,unitPrice\n${number},Acme,EUR,1,small@1,${quantity},10.00\n`;
const deliveryCsv = (serials: readonly string[]): string =>
  ['line,serial', ...serials.map((serial) => `1,${serial}`)].join('\n');
const invoiceCsv = (number: string, serials: readonly string[]): string =>
  [
    'number,total,line,unitPrice,serial',
    ...serials.map((serial) => `${number},${serials.length * 10}.00,1,10.00,${serial}`),
  ].join('\n');

/** An order of these serials, delivered and billed. */
async function orderOf(number: string, serials: readonly string[]): Promise<void> {
  const ada = region.client('ada');
  await ada.call('po.import', { fileName: 'order.csv', text: orderCsv(number, serials.length) });
  await ada.call('po.add-delivery', { po: number, fileName: 'slip.csv', text: deliveryCsv(serials) });
  await ada.call('po.add-invoice', { po: number, fileName: 'inv.csv', text: invoiceCsv(`INV-${number}`, serials) });
}

async function amend(number: string, change: (text: string) => string, reason = 'corrected'): Promise<void> {
  const ada = region.client('ada');
  const { revision } = await ada.call('po.get', { po: number });
  const { text } = await ada.call('po.export', { po: number, format: 'yaml' });
  const changed = change(text);
  expect(changed).not.toBe(text);
  await ada.call('po.amend', { po: number, revision, reason, fileName: 'po.yaml', text: changed });
}

describe('an order by CSV', () => {
  it('takes its delivery and invoice later, holds the machine of the bad line, and lets it go when that is settled', async () => {
    const ada = region.client('ada');
    await ada.call('vendor.create', {
      name: 'Acme Servers',
      columns: { delivery: { serial: 'Service Tag', line: 'Pos.', name: 'Host', reference: 'Slip' } },
    });
    const text = orderCsv('PO-C1', 2).replace('Acme', 'ACME servers');
    expect(await ada.call('po.import', { fileName: 'PO-C1.csv', text })).toMatchObject({
      state: 'placed',
      servers: [],
      breaches: [],
    });
    const slip =
      '\u{feff}Service Tag;Pos.;Host;Slip;Weight\r\nV1;1;srv-v1;LS-77;20,5\r\n\r\n"V2";1;srv-v2;LS-77;20,5\r\n';
    const delivered = await ada.call('po.add-delivery', { po: 'PO-C1', fileName: 'slip.csv', text: slip });
    expect(delivered).toMatchObject({
      state: 'delivered',
      deliveries: [{ delivery: 1, line: 1, reference: 'LS-77' }],
      servers: [
        { serial: 'V1', name: 'srv-v1' },
        { serial: 'V2', name: 'srv-v2' },
      ],
    });
    expect(await ada.call('asset.get', { asset: 'V1' })).toMatchObject({ state: 'ORDERED', purchaseOrder: 'PO-C1' });

    await using first = createMachine(region, 'V1');
    await using second = createMachine(region, 'V2');
    await Promise.all([first.boot(), second.boot()]);
    const waiting = await assetInState(region, 'V1', 'QUARANTINED');
    expect(waiting.findings.map(({ rule }) => rule)).toEqual(['invoiced']);
    await assetInState(region, 'V2', 'QUARANTINED');

    const invoice = 'number,date,total,line,unitPrice,serial\nI-1,2026-11-02,22.00,1,10.00,V1\nI-1,,,1,12.00,V2\n';
    const billed = await ada.call('po.add-invoice', { po: 'PO-C1', fileName: 'I-1.csv', text: invoice });
    const sentence = 'invoice I-1: billed at 12.00, line 1 orders at 10.00';
    expect(billed.breaches).toEqual([
      {
        rule: 'price',
        path: 'invoices/0/lines/1/unitPrice',
        serial: null,
        line: 1,
        invoice: 'I-1',
        sentence,
      },
    ]);
    // The breach is about one line of the invoice; the other machine of it is billed as ordered.
    const held = await waitUntil(async () => {
      const asset = await ada.call('asset.get', { asset: 'V2' });
      return asset.findings.some(({ rule }) => rule === 'price') && asset.state === 'QUARANTINED' ? asset : false;
    });
    expect(held.findings.map(({ kind, severity, sentence: told }) => [kind, severity, told])).toEqual([
      [
        'order-breach',
        'block',
        `PO-C1, ${sentence}. Settle it with ACME servers, then amend the order (ppec po amend PO-C1).`,
      ],
    ]);
    await assetInState(region, 'V1', 'SPARE');

    await amend('PO-C1', (yaml) => yaml.replace(/"?12\.00"?/, '"10.00"').replace(/"?22\.00"?/, '"20.00"'));
    await assetInState(region, 'V2', 'SPARE');
    const { items } = await region.client('ada').call('audit.list', { limit: 1000 });
    expect(items.filter(({ operation }) => operation.startsWith('po.')).map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'PO-C1 imported: 0 servers from ACME servers',
        'PO-C1 delivery 1 recorded: 2 servers',
        'PO-C1 invoice I-1 recorded, one breach',
        'PO-C1 amended: corrected',
      ]),
    );
  });

  it('answers the same file again without recording it twice, and tells every problem with line and column', async () => {
    const ada = region.client('ada');
    await ada.call('po.import', { fileName: 'a.csv', text: orderCsv('PO-C2', 2) });
    const slip = { po: 'PO-C2', fileName: 'slip.csv', text: deliveryCsv(['K1', 'K2']) };
    const first = await ada.call('po.add-delivery', slip);
    expect(await ada.call('po.add-delivery', slip)).toEqual(first);
    await expect(
      ada.call('po.add-invoice', {
        po: 'PO-C2',
        fileName: 'i.csv',
        text: 'number;total;line;unitPrice;serial\nI-2;"1.020,00";1;10,00;K1\nI-2;;x;10.00;K2\n',
      }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
      issues: [
        { path: 'i.csv:2:total', message: expect.stringContaining('two ways') as unknown },
        { path: 'i.csv:2:unitPrice', message: expect.stringContaining('10.00') as unknown },
        { path: 'i.csv:3:line', message: "'x' is no whole number. Write digits only: 12" },
      ],
    });
    await expect(
      ada.call('po.amend', { po: 'PO-C2', revision: 1, reason: 'too late', fileName: 'x.yaml', text: 'number: x' }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await expect(
      region.client('mia').call('po.add-delivery', { ...slip, text: 'line,serial\n1,K3\n' }),
    ).rejects.toMatchObject({ code: 'permission_denied' });
  });
});

describe('a serial', () => {
  it('on two orders holds its machine until one of them gives it up', async () => {
    const ada = region.client('ada');
    await orderOf('PO-E1', ['E1']);
    await using machine = createMachine(region, 'E1');
    await machine.boot();
    await assetInState(region, 'E1', 'SPARE');
    await ada.call('po.import', { fileName: 'e2.csv', text: orderCsv('PO-E2', 2) });
    const second = await ada.call('po.add-delivery', {
      po: 'PO-E2',
      fileName: 's.csv',
      text: deliveryCsv(['E1', 'E2']),
    });
    expect(second.breaches.map(({ rule, serial }) => [rule, serial])).toEqual([['serial-elsewhere', 'E1']]);
    const held = await assetInState(region, 'E1', 'QUARANTINED');
    expect(held).toMatchObject({ purchaseOrder: 'PO-E1', findings: [{ rule: 'serial-elsewhere' }] });
    expect((await ada.call('po.get', { po: 'PO-E1' })).breaches).toHaveLength(1);
    await amend('PO-E2', (yaml) => yaml.replace(/ +- serial: E1\n/, ''));
    await assetInState(region, 'E1', 'SPARE');
    expect((await ada.call('po.get', { po: 'PO-E1' })).breaches).toEqual([]);
  });

  it('that an amended order has no more is nobody’s, and was nothing where no machine ever had it', async () => {
    await orderOf('PO-F1', ['F1', 'F2']);
    await using machine = createMachine(region, 'F1');
    await machine.boot();
    await assetInState(region, 'F1', 'SPARE');
    await amend('PO-F1', (yaml) => yaml.replaceAll(/- serial: F/g, '- serial: G').replaceAll(/- F/g, '- G'));
    const asset = await assetInState(region, 'F1', 'QUARANTINED');
    expect(asset).toMatchObject({ purchaseOrder: null, class: null, findings: [{ rule: 'ordered' }] });
    await expect(region.client('ada').call('asset.get', { asset: 'F2' })).rejects.toMatchObject({ code: 'not_found' });
    expect(await region.client('ada').call('asset.get', { asset: 'G2' })).toMatchObject({ state: 'ORDERED' });
  });

  it('may say which MAC addresses its machine has', async () => {
    await orderOf('PO-M1', ['M1']);
    await using machine = createMachine(region, 'M1');
    await amend('PO-M1', (yaml) => yaml.replace('serial: M1\n', 'serial: M1\n        macs: ["52:54:00:00:00:01"]\n'));
    await machine.boot();
    const held = await assetInState(region, 'M1', 'QUARANTINED');
    expect(held.findings).toMatchObject([
      { path: 'nic/52:54:00:00:00:01', kind: 'missing', severity: 'block', rule: 'ordered-mac' },
    ]);
    await amend('PO-M1', (yaml) => yaml.replace('52:54:00:00:00:01', machine.mac.toUpperCase().replaceAll(':', '-')));
    await assetInState(region, 'M1', 'SPARE');
  });
});

describe('an amended order', () => {
  it('gives names to other machines, and a mistyped serial’s name to the right one', async () => {
    const ada = region.client('ada');
    await ada.call('po.import', { fileName: 'n.csv', text: orderCsv('PO-N1', 3) });
    const text = 'line,serial,name\n1,N1,node-a\n1,N2,node-b\n1,N3X,node-c\n';
    await ada.call('po.add-delivery', { po: 'PO-N1', fileName: 'n.csv', text });
    await amend('PO-N1', (yaml) =>
      yaml
        .replace('name: node-a', 'name: node-x')
        .replace('name: node-b', 'name: node-a')
        .replace('name: node-x', 'name: node-b')
        .replace('N3X', 'N3'),
    );
    const named = await Promise.all(['node-a', 'node-b', 'node-c'].map((asset) => ada.call('asset.get', { asset })));
    expect(named.map(({ serial }) => serial)).toEqual(['N2', 'N1', 'N3']);
    // A name of another order's machine is not to be had.
    await expect(amend('PO-N1', (yaml) => yaml.replace('name: node-a', 'name: srv-z1'))).rejects.toMatchObject({
      code: 'already_exists',
      message: 'The name srv-z1 belongs to Z1; PO-N1 gives it to N2.',
    });
  });

  it('may drop a delivery that then comes again, and keeps every problem out', async () => {
    const ada = region.client('ada');
    await orderOf('PO-R1', ['R1']);
    await amend('PO-R1', (yaml) => yaml.slice(0, yaml.indexOf('deliveries:')));
    expect(await ada.call('po.get', { po: 'PO-R1' })).toMatchObject({ state: 'placed', servers: [], invoices: [] });
    const again = { po: 'PO-R1', fileName: 'slip.csv', text: deliveryCsv(['R1']) };
    expect(await ada.call('po.add-delivery', again)).toMatchObject({ state: 'delivered' });
    await expect(amend('PO-R1', (yaml) => yaml.replace('quantity: 1', 'quantity: 0'))).rejects.toMatchObject({
      code: 'invalid_argument',
      issues: [{ path: expect.stringMatching(/^po\.yaml:\d+:\d+$/) as unknown }],
    });
    await expect(
      ada.call('po.amend', {
        po: 'PO-R1',
        revision: 5,
        reason: 'by csv',
        fileName: 'r.csv',
        text: orderCsv('PO-R1', 1),
      }),
    ).rejects.toMatchObject({ issues: [{ path: 'r.csv:1' }] });
  });
});

describe('an invoice’s number', () => {
  it('is one of all orders of its vendor; other bytes under it are told', async () => {
    const ada = region.client('ada');
    await orderOf('PO-I1', ['I1', 'I2']);
    await ada.call('po.import', { fileName: 'i.csv', text: orderCsv('PO-I2', 1).replace('Acme', 'acme') });
    await ada.call('po.add-delivery', { po: 'PO-I2', fileName: 'd.csv', text: deliveryCsv(['I3']) });
    const taken = { po: 'PO-I2', fileName: 'i.csv', text: invoiceCsv('INV-PO-I1', ['I3']) };
    expect((await ada.call('po.add-invoice', taken)).breaches.map(({ rule }) => rule)).toEqual(['invoice-number']);
    expect((await ada.call('po.get', { po: 'PO-I1' })).breaches.map(({ sentence }) => sentence)).toEqual([
      'invoice INV-PO-I1 is already on PO-I2 of the same vendor',
    ]);
    const text = `${invoiceCsv('INV-PO-I1', ['I1', 'I2'])}\n\n`;
    const again = await ada.call('po.add-invoice', { po: 'PO-I1', fileName: 'again.csv', text });
    expect(new Set(again.breaches.map(({ rule }) => rule))).toEqual(
      new Set(['invoiced-once', 'over-billed', 'invoice-number', 'document-digest']),
    );
  });
});

describe('a vendor', () => {
  it('is registered once, and changed against its revision', async () => {
    const ada = region.client('ada');
    const made = await ada.call('vendor.create', { name: 'Bolt', columns: { order: { line: 'Pos' } } });
    await expect(ada.call('vendor.create', { name: ' bolt' })).rejects.toMatchObject({ code: 'already_exists' });
    await expect(
      ada.call('vendor.create', { name: 'Nut', columns: { order: { colour: 'Farbe' } } }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    const changed = await ada.call('vendor.update', { vendor: 'BOLT', revision: 1, contact: 'a@bolt.example' });
    expect(changed).toEqual({ ...made, contact: 'a@bolt.example', revision: 2 });
    await expect(ada.call('vendor.update', { vendor: 'Bolt', revision: 1, notes: 'x' })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await ada.call('vendor.list', {})).items.map(({ name }) => name)).toContain('Bolt');
  });
});

describe('an order’s state', () => {
  it('cancelled holds its machines, takes no documents, and reopened lets them go', async () => {
    const ada = region.client('ada');
    await orderOf('PO-X1', ['X1']);
    await using machine = createMachine(region, 'X1');
    await machine.boot();
    await assetInState(region, 'X1', 'SPARE');
    const reason = 'as agreed';
    expect(await ada.call('po.close', { po: 'PO-X1', reason })).toMatchObject({ state: 'closed', stateReason: reason });
    const late = { po: 'PO-X1', fileName: 'late.csv', text: deliveryCsv(['X2']) };
    await expect(ada.call('po.add-delivery', late)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: 'PO-X1 is closed and takes no documents. Reopen it first: ppec po reopen PO-X1',
    });
    await expect(ada.call('po.cancel', { po: 'PO-X1', reason })).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(await ada.call('po.reopen', { po: 'PO-X1', reason })).toMatchObject({ state: 'delivered' });
    expect(await ada.call('po.cancel', { po: 'PO-X1', reason })).toMatchObject({ state: 'cancelled' });
    const held = await assetInState(region, 'X1', 'QUARANTINED');
    expect(held.findings).toMatchObject([{ rule: 'order-cancelled', severity: 'block' }]);
    await expect(
      region.client('mia').call('asset.waive', { asset: 'X1', path: 'order', days: 1, reason: 'we keep it' }),
    ).rejects.toMatchObject({ code: 'failed_precondition' });
    await expect(ada.call('po.add-delivery', late)).rejects.toMatchObject({ code: 'failed_precondition' });
    await ada.call('po.reopen', { po: 'PO-X1', reason });
    await assetInState(region, 'X1', 'SPARE');
  });

  it('is not cancelled, nor is a machine taken off it, while that machine works', async () => {
    await orderOf('PO-W1', ['P1']);
    await region.stop();
    const file = new Sqlite(join(region.dir, 'data/ppec.db'));
    file.prepare("update assets set state = 'BAREMETAL', home = 'production' where serial = 'P1'").run();
    file.close();
    await region.start();
    const ada = region.client('ada');
    await expect(ada.call('po.cancel', { po: 'PO-W1', reason: 'too late' })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: 'PO-W1 cannot be cancelled while machines of it work: P1 BAREMETAL. Release them first.',
    });
    await expect(amend('PO-W1', (yaml) => yaml.replaceAll('P1', 'P2'))).rejects.toMatchObject({
      code: 'failed_precondition',
    });
    expect(await ada.call('asset.get', { asset: 'P1' })).toMatchObject({ purchaseOrder: 'PO-W1', class: 'small@1' });
  });
});
