'use strict';

var assert = require('assert');
var qs = require('../');

var cyclic = { name: 'RangeError', message: /^Cyclic object value$/ };

describe('cycles:', function () {
    it('an object that holds itself', function () {
        var person = {};
        person.self = person;
        assert.throws(function () { qs.stringify(person); }, cyclic);
    });

    it('a cycle below the top', function () {
        var root = { a: { b: {} } };
        root.a.b.c = root.a;
        assert.throws(function () { qs.stringify(root); }, cyclic);
        var deep = { x: 1, one: { two: { three: { four: {} } } } };
        deep.one.two.three.four.back = deep.one.two;
        assert.throws(function () { qs.stringify(deep); }, cyclic);
    });

    it('an array that holds itself', function () {
        var list = [1];
        list.push(list);
        assert.throws(function () { qs.stringify({ list: list }); }, cyclic);
    });

    it('a cycle of two objects', function () {
        var left = {};
        var right = { left: left };
        left.right = right;
        assert.throws(function () { qs.stringify({ start: left }); }, cyclic);
    });
});

describe('shared values:', function () {
    it('an object used at the top and below', function () {
        var address = { zip: '1010' };
        assert.strictEqual(
            qs.stringify({ home: address, work: address, old: { home: address } }, { encode: false }),
            'home[zip]=1010&work[zip]=1010&old[home][zip]=1010'
        );
    });

    it('an object used twice in a list', function () {
        var item = { id: 7 };
        assert.strictEqual(qs.stringify({ items: [item, item] }, { encode: false }), 'items[0][id]=7&items[1][id]=7');
    });

    it('an object used on several levels', function () {
        var leaf = { n: 1 };
        var left = { leaf: leaf, x: { leaf: leaf } };
        var right = { leaf: leaf, y: left };
        assert.strictEqual(
            qs.stringify({ l: left, r: right, leaf: leaf }, { encode: false }),
            'l[leaf][n]=1&l[x][leaf][n]=1&r[leaf][n]=1&r[y][leaf][n]=1&r[y][x][leaf][n]=1&leaf[n]=1'
        );
    });
});

describe('around it:', function () {
    it('a cycle that the filter leaves out does no harm', function () {
        var person = { name: 'ada' };
        person.self = person;
        assert.strictEqual(qs.stringify(person, { filter: ['name'] }), 'name=ada');
    });

    it('equal objects that are not the same one', function () {
        assert.strictEqual(qs.stringify({ a: { b: { b: { b: 1 } } } }, { encode: false }), 'a[b][b][b]=1');
    });

    it('a call after a refused one', function () {
        var shared = {};
        shared.self = shared;
        assert.throws(function () { qs.stringify({ a: shared }); }, RangeError);
        shared.self = 'v';
        assert.strictEqual(qs.stringify({ a: shared }, { encode: false }), 'a[self]=v');
    });
});
