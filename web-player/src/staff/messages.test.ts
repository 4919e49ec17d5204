import { describe, expect, it } from 'vitest';
import { refusalText } from './messages';

describe('a refusal', () => {
  it('is told in the language of the page, with the sentence of the server behind it', () => {
    const error = { code: 'conflict', message: 'the tip has not been triaged' };
    expect(refusalText('en', error)).toBe('the tip has not been triaged');
    expect(refusalText('zh-CN', error)).toBe('与当前状态不符（the tip has not been triaged）');
    expect(refusalText('zh-CN', { code: 'of_a_newer_server', message: 'no' })).toBe('no');
  });
});
