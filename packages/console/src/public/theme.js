// Runs before the first paint, so that a chosen theme never flashes the other one. Everything else waits for main.tsx.
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
