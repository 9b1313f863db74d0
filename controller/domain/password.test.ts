import { describe, expect, it } from 'vitest';

import { createPasswordHash } from '../crypto/password-hash.ts';
import { isOutgrown, parsePhc, passwordProblem, phcText } from './password.ts';

const mia = { name: 'mia-keller', email: 'mia.keller@example.net' };

describe('a new password', () => {
  it.each([
    ['four dull yellow lamps', undefined],
    ['correcthorse', undefined],
    ['пароль из слов', undefined],
    ['🦊🐢🦉🐳🦂🐝🦊🐢🦉🐳🦂🐝', undefined],
    ['mia-keller and nine lamps', undefined],
    ['eleven char', /has 11 characters/],
    ['mia-keller12', /little more than/],
    ['MiaKeller!!!!', /little more than/],
    ['passwordppec1', /little more than/],
    ['ababababababab', /same few characters/],
    ['x'.repeat(100) + 'abcdefgh'.repeat(30), /longer than 256/],
  ])('%s', (password, problem) => {
    const said = passwordProblem(password, mia);
    if (problem === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(problem);
  });
});

describe('a hash', () => {
  const hasher = createPasswordHash();

  it('is of one password, however its characters were composed', async () => {
    const phc = await hasher.hash('schöne grüne Bäume');
    expect(await hasher.verify('schöne grüne Bäume'.normalize('NFD'), phc)).toEqual({
      isRight: true,
      isOutgrown: false,
    });
    expect((await hasher.verify('schone grune Baume', phc)).isRight).toBe(false);
    expect(await hasher.hash('schöne grüne Bäume')).not.toBe(phc);
    const parsed = parsePhc(phc);
    expect(parsed === undefined ? '' : phcText(parsed)).toBe(phc);
  });

  it('that is not there, or is no hash, is nobody’s', async () => {
    expect((await hasher.verify('', undefined)).isRight).toBe(false);
    expect((await hasher.verify('x', '$argon2id$v=19$m=19456,t=2,p=1$$')).isRight).toBe(false);
  });

  it('made with less than today’s work is outgrown', async () => {
    const weak = await hasher.hash('a', { memoryKib: 8192, passes: 1, lanes: 1 });
    expect(await hasher.verify('a', weak)).toEqual({ isRight: true, isOutgrown: true });
    const phc = parsePhc(weak);
    expect(phc === undefined ? undefined : isOutgrown(phc)).toBe(true);
  });

  it('is refused where too many wait, and those that wait get theirs', async () => {
    const many = await Promise.allSettled(Array.from({ length: 40 }, () => hasher.verify('x', undefined)));
    const refused = many.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(6);
    expect((await hasher.verify('x', undefined)).isRight).toBe(false);
  });
});
