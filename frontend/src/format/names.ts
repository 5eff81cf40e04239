const MODELS: Readonly<Record<string, string>> = {
  multiscale: "Multiscale",
  log_har: "Log-HAR",
  random_walk: "Random walk",
  ewma: "EWMA",
  garch: "GARCH-t",
  day_paths: "Day paths",
};

const VENUES: Readonly<Record<string, string>> = {
  binance: "Binance",
  bitstamp: "Bitstamp",
  coinbase: "Coinbase",
  kraken: "Kraken",
  okx: "OKX",
  simulated: "Simulated market",
};

/** A model as people call it; one that joined through an entry point keeps its own name. */
export function modelName(model: string): string {
  return MODELS[model] ?? model;
}

export function venueName(venue: string): string {
  return VENUES[venue] ?? venue;
}

/** A sentence out of words: a capital at its start, a full stop at its end, and no line that begins with a percent sign. */
export function sentence(words: string): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1).replaceAll(" %", "\u00a0%");
  return text.endsWith(".") ? text : `${text}.`;
}
