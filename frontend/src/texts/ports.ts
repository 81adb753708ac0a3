/** What is said of the ports on which programs of the model listen. */

export const texts = {
  title: 'Ports',
  about:
    "Servers that run in the model's terminals. Whoever is signed in here opens them; what they show can touch nothing of this page.",
  none: 'No program of this model listens on a port. Start a server in a terminal.',
  port: (port: number) => `Port ${port}`,
  addressOf: (port: number) => `the address of port ${port}`,
  openInTab: (port: number) => `Open port ${port} in a new tab`,
};
