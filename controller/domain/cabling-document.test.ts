import { describe, expect, it } from 'vitest';

import { PpecError } from '../../shared/errors.ts';
import { readCabling } from './cabling-document.ts';

const row = { switch: 'leaf-1', port: 'swp9', datacenter: null, rack: 'R12', slot: 'U20', nic: null, comment: null };
const issuesOf = (fileName: string, text: string): string[] => {
  try {
    readCabling({ fileName, text });
  } catch (error) {
    if (error instanceof PpecError && error.code === 'invalid_argument')
      return error.issues.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
  return [];
};

describe('a cabling table', () => {
  it.each([
    ['CSV', 'a.csv', 'switch,port,rack,slot\nleaf-1,swp9,R12,U20\n'],
    [
      'CSV with other columns first, semicolons and CRLF',
      'a.csv',
      '\u{feff}Rack;Slot;Port;Switch;\r\nR12;U20;swp9;leaf-1;\r\n',
    ],
    ['CSV by its look', 'cables', 'switch,port,rack,slot\nleaf-1, swp9 ,R12,U20'],
    ['YAML', 'a.yaml', '- { switch: leaf-1, port: swp9, rack: R12, slot: U20 }'],
    ['YAML under a name', 'a.yml', 'cabling:\n  - { switch: leaf-1, port: swp9, rack: R12, slot: U20, nic: }'],
    ['JSON', 'a.json', JSON.stringify([{ ...row, datacenter: null }])],
  ])('is read from %s', (_, fileName, text) => {
    expect(readCabling({ fileName, text })).toEqual([row]);
  });

  it('keeps all that a row says, numbers as text', () => {
    const text = '- { switch: leaf-1, port: 7, datacenter: ams-1, rack: 12, slot: 20, nic: eth0, comment: red cable }';
    expect(readCabling({ fileName: 'a.yaml', text })).toEqual([
      { switch: 'leaf-1', port: '7', datacenter: 'ams-1', rack: '12', slot: '20', nic: 'eth0', comment: 'red cable' },
    ]);
  });

  it.each([
    ['an unknown column', 'a.csv', 'switch,port,rack,slot,shelf\nl,1,R,U1,x', [
      "a.csv:1:shelf no field is called 'shelf'. Fields: switch, port, datacenter, rack, slot, nic, comment",
    ]],
    ['missing columns', 'a.csv', 'switch,port\nl,1', ['a.csv:1:rack the column rack is missing', 'a.csv:1:slot the column slot is missing']],
    ['empty cells', 'a.csv', 'switch,port,rack,slot\nl,1,R,U1\nl,,R,U1\nl,2,,U1', [
      "a.csv:3 field 'port' is missing", "a.csv:4 field 'rack' is missing",
    ]],
    ['a switch port that is there twice, in other words', 'a.csv', 'switch,port,rack,slot\nLeaf,Eth1/1,R,U1\nleaf,Ethernet1/1,R,U2', [
      'a.csv:3:port leaf Ethernet1/1 is there twice, first at a.csv:2:port',
    ]],
    ['a port of a server with two cables', 'a.csv', 'switch,port,rack,slot,nic\nl,1,R,U1,eth0\nl,2,r,1,ETH0', [
      'a.csv:3:nic port ETH0 of r 1 is on two switch ports, first at a.csv:2:nic',
    ]],
    ['a field that no row has', 'a.yaml', '- { switch: l, port: p, rack: R, slot: U1, shelf: 3 }', ["a.yaml:1:51 unknown field 'shelf'"]],
    ['a blank rack', 'a.yaml', "- { switch: l, port: p, rack: ' ', slot: U1 }", ['a.yaml:1:31 rack is empty']],
    ['a slot that is no text', 'a.yaml', '- { switch: l, port: p, rack: R, slot: [1] }', ['a.yaml:1:40 0.slot: must be string']],
    ['no list', 'a.yaml', 'leaf-1: swp9', ['a.yaml:1:1 the document: must be array']],
    ['broken YAML', 'a.yaml', '- { switch', ['a.yaml:1:11 Flow map in block collection must be sufficiently indented and end with a }']],
    ['a header only', 'a.csv', 'switch,port,rack,slot\n', ['a.csv:1 the file has a header and no rows']],
  ])('with %s is refused', (...[, fileName, text, expected]) => {
    expect(issuesOf(fileName, text)).toEqual(expected);
  }); // prettier-ignore

  it('is called by its name where it is refused', () => {
    expect(() => readCabling({ fileName: 'a.yaml', text: '3' })).toThrow(
      'The cabling table has one problem; nothing was kept.',
    );
  });
});
