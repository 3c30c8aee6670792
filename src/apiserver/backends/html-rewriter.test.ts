import assert from 'node:assert/strict'
import { it } from 'node:test'
import { HtmlRewriter } from './html-rewriter.ts'
import { tagCharsMax } from './limits.ts'
import { rewriteUrl } from './rewrite-url.ts'

const rewriting = { prefix: '/p/proxy', hosts: ['10.0.0.1:80', 'localhost:8001'] }

it('rewrites what is absolute on the same host, and nothing else', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['/', '/p/proxy/'],
    ['/a/b?c=/d#/e', '/p/proxy/a/b?c=/d#/e'],
    ['/p/proxy', '/p/proxy'],
    ['/p/proxy/a', '/p/proxy/a'],
    ['/p/proxyish', '/p/proxy/p/proxyish'],
    ['http://10.0.0.1:80/a', '/p/proxy/a'],
    ['//localhost:8001/a', '/p/proxy/a'],
    ['http://10.0.0.1:80', 'http://10.0.0.1:80'],
    ['http://elsewhere/a', 'http://elsewhere/a'],
    ['//elsewhere/a', '//elsewhere/a'],
    ['a/b', 'a/b'],
    ['?x', '?x'],
    ['#top', '#top'],
    ['', ''],
    ['mailto:a@b', 'mailto:a@b'],
    ['javascript:f("/a")', 'javascript:f("/a")'],
  ]
  for (const [given, made] of rows) assert.equal(rewriteUrl(given, rewriting), made, given)
})

/** The same however the page is cut. */
function rewrite(page: string): string {
  const bytes = Buffer.from(page)
  const made = [1, 2, 7, bytes.length].map((size) => {
    const rewriter = new HtmlRewriter((reference) => rewriteUrl(reference, rewriting))
    const parts: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) {
      parts.push(rewriter.push(bytes.subarray(at, at + size)))
    }
    return Buffer.concat([...parts, rewriter.end()]).toString()
  })
  assert.equal(new Set(made).size, 1, page)
  return made[0] ?? ''
}

it('rewrites references of pages', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['<a href="/x">/x</a>', '<a href="/p/proxy/x">/x</a>'],
    ["<A CLASS=b HREF = '/x'>", "<A CLASS=b HREF = '/p/proxy/x'>"],
    ['<img src=/x.png usemap="#m">', '<img src=/p/proxy/x.png usemap="#m">'],
    ['<img src=/x.png/>', '<img src=/p/proxy/x.png/>'],
    ['<form action=" /x ">', '<form action="/p/proxy/x">'],
    ['<div href="/x">', '<div href="/x">'],
    ['<a title=\'<a href="/x">\' href="/y">', '<a title=\'<a href="/x">\' href="/p/proxy/y">'],
    ['<!-- <a href="/x"> --><b>', '<!-- <a href="/x"> --><b>'],
    [
      '<script src="/s">if (1 < 2) "<a href=\\"/x\\">"</script><a href="/y">',
      '<script src="/p/proxy/s">if (1 < 2) "<a href=\\"/x\\">"</script><a href="/p/proxy/y">',
    ],
    ['1 < 2 <a href="/x">', '1 < 2 <a href="/p/proxy/x">'],
    ['<a href="/é&amp;x">ü</a>', '<a href="/p/proxy/é&amp;x">ü</a>'],
    ['<a href="/x', '<a href="/x'],
    ['<', '<'],
    ['<!doctype html><base href="/">', '<!doctype html><base href="/p/proxy/">'],
  ]
  for (const [page, made] of rows) assert.equal(rewrite(page), made, page)
})

it('holds back no more than one tag, however long it is', () => {
  const rewriter = new HtmlRewriter((reference) => reference)
  const endless = Buffer.from(`<a ${'x'.repeat(tagCharsMax)}`)
  assert.equal(rewriter.push(endless).toString(), endless.toString())
})

it('looks at each character once, however hostile the page', () => {
  const size = 1 << 20
  const pages = [
    '<a ',
    '<a href',
    '<!--',
    '="',
    "<a x='",
    '</',
    '<script>',
    '<script></script>',
    '< ',
    'a=b ',
  ]
  for (const piece of pages) {
    const page = Buffer.from(`<a>${piece.repeat(size / piece.length)}>`)
    const rewriter = new HtmlRewriter((reference) => reference)
    const parts: Buffer[] = []
    for (let at = 0; at < page.length; at += 64 << 10) {
      parts.push(rewriter.push(page.subarray(at, at + (64 << 10))))
    }
    assert.ok(Buffer.concat([...parts, rewriter.end()]).equals(page), piece)
  }
})
