// Puts the theme that was chosen by hand on the page before it is painted. Kept in step with theme/theme-choice.ts.
try {
  const chosen = localStorage.getItem("harbor.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is off: the system's theme it is.
}
