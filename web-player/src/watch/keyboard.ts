// A phone's keyboard covers part of the page, or makes the page lower (interactive-widget). Either way the styles are told:
// --view is the height that is left, data-keyboard stands while the keyboard is up.

/** A keyboard takes more than this share of the height; browsers' own bars take less. */
const least = 0.25;

export function watchKeyboard(): void {
  const visual = window.visualViewport;
  if (visual === null) return;
  const root = document.documentElement;
  // Of the page without a keyboard, for a width: a phone that is turned begins anew.
  let width = innerWidth;
  let tallest = innerHeight;
  const update = () => {
    tallest = innerWidth === width ? Math.max(tallest, innerHeight) : innerHeight;
    width = innerWidth;
    // Who zooms in has less in view, too.
    const up = visual.scale < 1.05 && visual.height < tallest * (1 - least);
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
