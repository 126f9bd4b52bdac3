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
// A page that names files which are gone, because the console was built anew meanwhile, says so in place of staying blank.
addEventListener(
  "error",
  ({ target }) => {
    const root = document.getElementById("root");
    if (!(target instanceof HTMLScriptElement) || !root || root.childElementCount > 0) return;
    const again = document.createElement("button");
    again.textContent = "Load the page again";
    again.addEventListener("click", () => location.reload());
    root.replaceChildren(
      "A part of the console could not be loaded: it was renewed meanwhile, or the server is away. ",
      again,
    );
  },
  true,
);
