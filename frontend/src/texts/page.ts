/** What every page says: that of all models, and that of one. */

export const texts = {
  product: 'Slipway',
  title: (subject: string) => `${subject} - Slipway`,
  couldNotLoad: 'The page could not be loaded. Reload it to try again.',
  models: 'Models',
  allModels: 'All models',
  /** By the colours in force. */
  switchColours: {
    light: 'Switch to dark colours',
    dark: 'Switch to light colours',
  },
};
