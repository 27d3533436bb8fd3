// Light and dark, and the few colours there are.

// cividis (Nuñez, Anderton and Renslow 2018) in tenths.
const CIVIDIS = [
  "#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#f0da45", "#fee838",
];

// "here" and "limit" are Okabe and Ito's vermillion and blue, in the dark their orange and sky blue.
const THEMES = {
  light: {
    ink: "#1d2025", muted: "#5b616b", faint: "#b4bac4", rule: "#e3e6eb", paper: "#ffffff",
    here: "#d55e00", limit: "#0072b2", sizes: [0, 0.72],
  },
  dark: {
    ink: "#e8eaee", muted: "#a3aab6", faint: "#6b7380", rule: "#33383f", paper: "#16181c",
    here: "#f0a020", limit: "#56b4e9", sizes: [0.34, 1],
  },
};

export function coloursOf(theme) {
  return THEMES[theme];
}

// The colour of the `at`-th of `of` ordered sizes.
export function sizeColour(theme, at, of) {
  const [first, last] = THEMES[theme].sizes;
  const place = (first + (last - first) * (of > 1 ? at / (of - 1) : 0.3)) * (CIVIDIS.length - 1);
  const below = Math.min(CIVIDIS.length - 2, Math.floor(place));
  const mix = (channel) => {
    const [a, b] = [CIVIDIS[below], CIVIDIS[below + 1]].map((text) => parseInt(text.slice(channel, channel + 2), 16));
    return Math.round(a + (b - a) * (place - below)).toString(16).padStart(2, "0");
  };
  return `#${mix(1)}${mix(3)}${mix(5)}`;
}

// The host's theme: JupyterLab's, VS Code's, or what the reader's system asks for.
export function currentTheme() {
  const said = document.body.dataset.jpThemeLight;
  if (said !== undefined) return said === "false" ? "dark" : "light";
  const kind = document.body.dataset.vscodeThemeKind;
  if (kind !== undefined) return kind.includes("dark") || kind === "vscode-high-contrast" ? "dark" : "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// Call `changed(theme)` when it changes; returns what stops it.
export function watchTheme(changed) {
  let now = currentTheme();
  const look = () => {
    const next = currentTheme();
    if (next === now) return;
    now = next;
    changed(next);
  };
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", look);
  const observer = new MutationObserver(look);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  return () => {
    query.removeEventListener("change", look);
    observer.disconnect();
  };
}
