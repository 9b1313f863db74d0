import { expect, it } from 'vitest';

import { parseListing } from './audit-image.ts';

it('reads modes with their special bits from a listing of folders', () => {
  const listing = [
    'debugfs: ls -p "/"',
    '/2/040755/0/0/././',
    '/2/040755/0/0/..//',
    '/16/041777/0/0/tmp//',
    'debugfs: ls -p "/usr/bin"',
    '/77/104755/0/0/su/71912/',
    '',
  ].join('\n');
  expect(parseListing(listing)).toEqual([
    { path: '/tmp', mode: 0o041777 },
    { path: '/usr/bin/su', mode: 0o104755 },
  ]);
});
