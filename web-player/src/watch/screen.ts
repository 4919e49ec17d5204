// Full screen, picture in picture, captions: what the browser does with the picture.

import { signal } from '@preact/signals';
import { video } from './state';

interface IosVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

export const fullscreen = signal(false);
export const pictureInPicture = signal(false);

let stage: HTMLElement | null = null;

export function setStage(element: HTMLElement | null): void {
  stage = element;
}

document.addEventListener('fullscreenchange', () => {
  fullscreen.value = document.fullscreenElement !== null;
});
video.addEventListener('enterpictureinpicture', () => {
  pictureInPicture.value = true;
});
video.addEventListener('leavepictureinpicture', () => {
  pictureInPicture.value = false;
});

export function toggleFullscreen(): void {
  if (document.fullscreenElement !== null) {
    void document.exitFullscreen();
  } else if (stage !== null && typeof stage.requestFullscreen === 'function') {
    stage.requestFullscreen({ navigationUI: 'hide' }).catch(() => undefined);
  } else {
    // iPhones know full screen for the video alone.
    (video as IosVideo).webkitEnterFullscreen?.();
  }
}

export function togglePip(): void {
  const done =
    document.pictureInPictureElement === null ? video.requestPictureInPicture() : document.exitPictureInPicture();
  // Refused before there is a picture; the button then simply does nothing yet.
  done.catch(() => undefined);
}

export function toggleCaptions(): void {
  const tracks = Array.from(video.textTracks).filter(
    (track) => track.kind === 'captions' || track.kind === 'subtitles',
  );
  const showing = tracks.some((track) => track.mode === 'showing');
  tracks.forEach((track, i) => {
    track.mode = !showing && i === 0 ? 'showing' : 'disabled';
  });
}
