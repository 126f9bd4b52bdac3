// Runs before everything else. zod would try once whether it may compile checks from text; our policy forbids that and
// every try is reported, so it is told beforehand. And a chosen theme must not flash the other one.
globalThis.__zod_globalConfig = { jitless: true };
{
  let chosen;
  try {
    chosen = JSON.parse(localStorage.getItem("outweigh.preferences") ?? "{}");
  } catch {
    chosen = {};
  }
  const { theme, density } = chosen ?? {};
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  if (density === "comfortable") document.documentElement.dataset.density = density;
}
