/** How a person likes charts drawn, kept in this browser. */

export interface ChartSettings {
  readonly smoothing: number;
  readonly isLogarithmic: boolean;
  readonly axis: 'step' | 'time';
}

const KEY = 'slipway.charts';
export const MOST_SMOOTHING = 0.99;
const DEFAULT: ChartSettings = { smoothing: 0, isLogarithmic: false, axis: 'step' };

export function parseSettings(stored: string | null): ChartSettings {
  const found: unknown = stored === null ? null : JSON.parse(stored);
  const { smoothing, isLogarithmic, axis } = (found ?? {}) as Partial<Record<keyof ChartSettings, unknown>>;
  return {
    smoothing:
      typeof smoothing === 'number' ? Math.min(MOST_SMOOTHING, Math.max(0, smoothing)) : DEFAULT.smoothing,
    isLogarithmic: isLogarithmic === true,
    axis: axis === 'time' ? 'time' : 'step',
  };
}

export function storedSettings(): ChartSettings {
  return parseSettings(localStorage.getItem(KEY));
}

export function storeSettings(settings: ChartSettings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}
