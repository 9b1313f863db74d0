// Where agents come to a certificate: by enrolling or renewing, and by the answer of their TPM to what they were asked.
import { Compile } from 'typebox/compile';

import { PpecError } from '../../shared/errors.ts';
import { TpmAnswer, type EnrolResponse } from '../../shared/protocol/enrolment.ts';
import type { Asked, CertificateAnswer } from './ask-tpm.ts';
import type { ClientIdentity } from './client-identity.ts';
import { enrol } from './enrolment.ts';
import { factsOf, type EnrolDeps } from './issue-certificate.ts';
import { renew } from './renewal.ts';
import { createChallenges, type Challenges } from './tpm-challenges.ts';

export type CertificateDesk = {
  readonly enrol: (body: unknown, from: string) => Promise<CertificateAnswer>;
  readonly renew: (body: unknown, client: ClientIdentity, from: string) => Promise<CertificateAnswer>;
  readonly answer: (body: unknown, client: () => Promise<ClientIdentity>) => Promise<EnrolResponse>;
};

const tpmAnswer = Compile(TpmAnswer);

export function createCertificateDesk(deps: EnrolDeps): CertificateDesk {
  const challenges: Challenges<Asked> = createChallenges(deps.ids.clock);
  const desk = { ...deps, challenges };
  return {
    enrol: (body, from) => enrol(body, from, desk),
    renew: (body, client, from) => renew(body, { client, from }, desk),
    answer: async (body, client) => {
      if (!tpmAnswer.Check(body)) throw new PpecError('invalid_argument', 'not an answer to a challenge');
      const answered = challenges.answered(body);
      if (answered === undefined)
        throw new PpecError('unauthenticated', 'the challenge is not waiting, or this is not the answer of that TPM');
      return answered.asked.finish(factsOf(answered), client);
    },
  };
}
