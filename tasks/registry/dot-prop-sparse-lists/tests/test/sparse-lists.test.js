import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {deepKeys, getProperty, hasProperty} from '../index.js';

const sparse = (length, entries) => Object.assign(Array.from({length: 0}), entries, {length});

describe('deepKeys and holes', () => {
	test('below a property', () => {
		assert.deepEqual(deepKeys({list: sparse(3, {2: 'x'})}), ['list[2]']);
	});

	test('at the top', () => {
		assert.deepEqual(deepKeys(sparse(3, {0: 1, 2: 3})), ['[0]', '[2]']);
	});

	test('in lists of lists', () => {
		const object = {a: [sparse(4, {1: sparse(2, {1: 'deep'})}), 'end']};
		assert.deepEqual(deepKeys(object), ['a[0][1][1]', 'a[1]']);
	});

	test('between objects', () => {
		assert.deepEqual(deepKeys(sparse(3, {0: {x: 1}, 2: {y: 2}})), ['[0].x', '[2].y']);
	});

	test('every path that is named exists', () => {
		const object = {'a.b': sparse(6, {1: {c: sparse(2, {0: 0})}, 5: null}), list: [undefined]};
		const keys = deepKeys(object);
		assert.deepEqual(keys.filter(key => !hasProperty(object, key)), []);
		assert.equal(keys.length, 3);
	});
});

describe('deepKeys otherwise', () => {
	test('undefined is a value', () => {
		assert.deepEqual(deepKeys({list: [undefined, 1, null]}), ['list[0]', 'list[1]', 'list[2]']);
	});

	test('full lists', () => {
		assert.deepEqual(deepKeys({list: ['a', ['b', {c: 1}]]}), ['list[0]', 'list[1][0]', 'list[1][1].c']);
	});

	test('names are escaped', () => {
		const object = {'a.b': {'c[0]': 1}};
		const keys = deepKeys(object);
		assert.equal(keys.length, 1);
		assert.equal(getProperty(object, keys[0]), 1);
	});

	test('numbers as names of an object', () => {
		const keys = deepKeys({1: 'x', a: {2: 'y'}});
		assert.deepEqual(keys, ['1', 'a.2']);
	});
});
