/** How people make their systems trust the root. Plain data: the console and the command line show the same. */

/** Where the commands expect the downloaded root; `.crt` because Debian and Windows go by the name. */
const file = 'gatehouse-ca.crt'

export interface TrustStep {
  /** The system: `Debian, Ubuntu`. */
  readonly system: string
  /** What to know or do there, in a sentence. */
  readonly text: string
  /** Lines to run, where there are any. */
  readonly command?: string
}

/** Fetches the root and shows its fingerprint in lower case, as Gatehouse does. The connection proves nothing yet, so only the comparison does. */
export function fetchRootCommand(origin: string): string {
  return `curl -kfsSo ${file} ${origin}/ca.pem\nopenssl x509 -in ${file} -noout -fingerprint -sha256 | tr A-F a-f`
}

/** @param origin the console's address, as in `https://gatehouse.localhost:8443` */
export function trustSteps(origin: string): readonly TrustStep[] {
  return [
    {
      system: 'Debian, Ubuntu',
      text: 'For everything that uses the system store: curl, git, Python, most services.',
      command: `sudo install -m 0644 ${file} /usr/local/share/ca-certificates/${file}\nsudo update-ca-certificates`,
    },
    {
      system: 'Fedora, RHEL',
      text: 'For everything that uses the system store.',
      command: `sudo install -m 0644 ${file} /etc/pki/ca-trust/source/anchors/${file}\nsudo update-ca-trust`,
    },
    {
      system: 'Chrome on Linux',
      text: 'It keeps a store of its own for each person; certutil is in libnss3-tools (Debian) or nss-tools (Fedora).',
      command: `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Gatehouse -i ${file}`,
    },
    {
      system: 'macOS',
      text: 'For Safari, Chrome and everything that uses the keychain.',
      command: `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}`,
    },
    {
      system: 'Windows',
      text: 'In PowerShell as administrator; for Edge, Chrome and everything that uses the Windows store.',
      command: `Import-Certificate -FilePath ${file} -CertStoreLocation Cert:\\LocalMachine\\Root`,
    },
    {
      system: 'Firefox',
      text: 'Settings, Privacy & Security, View Certificates, Authorities, Import; choose the file and tick “Trust this CA to identify websites”.',
    },
    {
      system: 'curl',
      text: 'For one call, without changing the system.',
      command: `curl --cacert ${file} ${origin}/readyz`,
    },
    {
      system: 'Node.js',
      text: 'Node has its own list of roots; this adds one to it.',
      command: `NODE_EXTRA_CA_CERTS="$PWD/${file}" node app.js`,
    },
  ]
}
