/** Light or dark against what the system says; remembered in this browser. */
export function ThemeButton() {
  return (
    <button type="button" className="theme" onClick={turn} title="Switch between light and dark">
      Light / dark
    </button>
  );
}

function turn() {
  const { dataset } = document.documentElement;
  const dark =
    dataset.theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : dataset.theme === 'dark';
  dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', dataset.theme);
}
