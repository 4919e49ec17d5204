// A phone's keyboard covers part of the page. Where the browser does not resize the page by itself (interactive-widget), the
// height that is left is told to the styles: --view, and data-keyboard while the keyboard is up.

/** A keyboard takes more than this share of the height; browsers' own bars take less. */
const least = 0.25;

export function watchKeyboard(): void {
  const visual = window.visualViewport;
  if (visual === null) return;
  const root = document.documentElement;
  const update = () => {
    // Who zooms in has less in view, too.
    const up = visual.scale < 1.05 && visual.height < innerHeight * (1 - least);
    const typing = document.activeElement?.matches('textarea, input') === true;
    if (up && typing) {
      root.style.setProperty('--view', `${String(Math.round(visual.height))}px`);
      root.dataset.keyboard = '';
      // Whatever the browser scrolled to bring the field into view: now all of it is in view.
      scrollTo(0, 0);
    } else if (root.dataset.keyboard !== undefined) {
      root.style.removeProperty('--view');
      delete root.dataset.keyboard;
    }
  };
  visual.addEventListener('resize', update);
  visual.addEventListener('scroll', update);
}
