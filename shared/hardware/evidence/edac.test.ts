import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { gib } from '../../units.ts';
import { edacOf } from './edac.ts';

describe('memory controllers', () => {
  it('count errors for each module', () => {
    const tree = {
      mc0: {
        mc_name: 'Skylake Socket#0 IMC#0\n', ce_count: '7\n', ue_count: '0\n', ce_noinfo_count: '2\n', ue_noinfo_count: '0\n',
        seconds_since_reset: '86400\n',
        'dimm0/dimm_label': 'CPU_SrcID#0_MC#0_Chan#0_DIMM#0\n', 'dimm0/dimm_location': 'channel 0 slot 0 \n',
        'dimm0/size': '32768\n', 'dimm0/dimm_ce_count': '5\n', 'dimm0/dimm_ue_count': '0\n',
        'dimm10/dimm_label': 'B\n', 'dimm10/dimm_ce_count': '0\n',
        'dimm2/dimm_label': 'A\n', 'dimm2/dimm_ce_count': '0\n', 'dimm2/dimm_ue_count': '1\n',
      },
    }; // prettier-ignore
    expect(edacOf(tree)).toEqual([
      {
        name: 'mc0', driver: 'Skylake Socket#0 IMC#0', corrected: 7, uncorrected: 0, correctedElsewhere: 2,
        uncorrectedElsewhere: 0, secondsSinceReset: 86_400,
        modules: [
          {
            controller: 'mc0', name: 'dimm0', label: 'CPU_SrcID#0_MC#0_Chan#0_DIMM#0', location: 'channel 0 slot 0',
            sizeBytes: 32 * gib, corrected: 5, uncorrected: 0,
          },
          { controller: 'mc0', name: 'dimm2', label: 'A', location: null, sizeBytes: null, corrected: 0, uncorrected: 1 },
          { controller: 'mc0', name: 'dimm10', label: 'B', location: null, sizeBytes: null, corrected: 0, uncorrected: null },
        ],
      },
    ]); // prettier-ignore
  });

  it('of older kernels count by chip-select row and channel', () => {
    const tree = {
      mc1: { 'csrow0/ue_count': '3', 'csrow0/ch0_ce_count': '4', 'csrow0/ch0_dimm_label': 'DIMM_A1', 'csrow0/ch1_ce_count': '0' },
    };
    expect(edacOf(tree)[0]?.modules).toMatchObject([
      { name: 'csrow0/ch0', label: 'DIMM_A1', corrected: 4, uncorrected: null },
      { name: 'csrow0/ch1', label: null, corrected: 0, uncorrected: null },
    ]);
  }); // prettier-ignore

  it('come in the order of their numbers, and nothing else comes with them', () => {
    expect(edacOf({ mc10: {}, mc2: {}, power: {}, mcx: {} }).map(({ name }) => name)).toEqual(['mc2', 'mc10']);
  });

  it.each(['', ' ', '-1', 'error', '1e3', '0x10'])('have no count where the kernel writes %j: null, not zero', (count) => {
    expect(edacOf({ mc0: { ce_count: count, 'dimm0/dimm_ce_count': count } })).toMatchObject([
      { corrected: null, modules: [{ corrected: null }] },
    ]);
  }); // prettier-ignore

  it('are none without a driver', () => expect(edacOf({})).toEqual([]));

  it('of any attributes give a bounded result, and never throw', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('dimm0/size', 'rank1/dimm_label', 'csrow0/ch0_ce_count', 'ce_count'));
    const tree = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('mc0', 'mc1')), fc.dictionary(key, fc.string()));
    fc.assert(
      fc.property(tree, (devices) => {
        for (const { modules } of edacOf(devices)) expect(modules.length).toBeLessThanOrEqual(256);
      }),
    );
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`dimm${index}/size`, '1']));
    expect(edacOf({ mc0: many })[0]?.modules).toHaveLength(256);
  }); // prettier-ignore
});
