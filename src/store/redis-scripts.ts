import { createHash } from 'node:crypto'

// Every script names its flags, so that the server refuses it whole where it is out of memory, a replica or without its
// replicas, and takes every key that it touches in KEYS, all of one hash tag. `now` is the caller's clock, in seconds.

// A stored record is `1 EXPIRY ISSUED OPENED FAILED AGE`, a line feed, and the value. 1 is the version of this form.
const RECORDS = `
local function parse(payload)
  local expires, issued, opened, failed, age, at =
    string.match(payload, '^1 (%S+) (%d+) (%d+) (%d+) (%d+)\\n()')
  if not at or not (expires == '-' or string.match(expires, '^%d+$')) then
    error({ err = 'UNKNOWNRECORD a record is of an unknown form' })
  end
  return { expires = expires, counts = { tonumber(issued), tonumber(opened), tonumber(failed) },
    age = tonumber(age), value = string.sub(payload, at) }
end
local function format(record)
  return string.format('1 %s %.0f %.0f %.0f %.0f\\n', record.expires, record.counts[1],
    record.counts[2], record.counts[3], record.age) .. record.value
end
local function isLive(record, now)
  return record.expires == '-' or tonumber(record.expires) > now
end
-- The server's own expiry is relative, so that a difference of the clocks does no harm, and comes later than ours.
local function store(key, record, when)
  if record.expires == '-' then return redis.call('SET', key, format(record)) end
  local seconds = math.max(tonumber(record.expires) - when.now + when.grace, 1)
  return redis.call('SET', key, format(record), 'PX', string.format('%.0f', seconds * 1000))
end
local function place(byAge, byExpiry, name, record)
  redis.call('ZADD', byAge, string.format('%.0f', record.age), name)
  redis.call('ZADD', byExpiry, record.expires == '-' and '+inf' or record.expires, name)
end
`

// KEYS: sequence, then index keys (by age, by expiry) and records, as the writes name them by number.
// ARGV: now, grace, then for each write: op, record, by age, name, and what the op needs.
const WRITE = `#!lua
${RECORDS}
local when = { now = tonumber(ARGV[1]), grace = tonumber(ARGV[2]) }
local cursor, entries, byKey, sequence, drawn = 2, {}, {}, nil, false

local function nextArgument()
  cursor = cursor + 1
  return ARGV[cursor]
end

local function load()
  local key, index, name = KEYS[tonumber(nextArgument())], tonumber(nextArgument()), nextArgument()
  local entry = byKey[key]
  if entry then return entry end
  entry = { key = key, byAge = KEYS[index], byExpiry = KEYS[index + 1], name = name }
  local payload = redis.call('GET', key)
  local record = payload and parse(payload)
  if record and isLive(record, when.now) then entry.record = record end
  byKey[key] = entry
  entries[#entries + 1] = entry
  return entry
end

local function nextAge()
  sequence = (sequence or tonumber(redis.call('GET', KEYS[1]) or '0')) + 1
  drawn = true
  return sequence
end

local function put(entry, expires, value, age)
  entry.record = { expires = expires, counts = { 0, 0, 0 }, age = age or nextAge(), value = value }
  if not isLive(entry.record, when.now) then entry.record = nil end
  entry.isChanged, entry.isPlaced = true, true
  return true
end

local ops = {}
ops['put'] = function(entry)
  return put(entry, nextArgument(), nextArgument())
end
ops['put-new'] = function(entry)
  return not entry.record and put(entry, nextArgument(), nextArgument())
end
ops['ensure'] = function(entry)
  local expires, value = nextArgument(), nextArgument()
  return entry.record ~= nil or put(entry, expires, value)
end
ops['replace'] = function(entry)
  local expires, value, previous = nextArgument(), nextArgument(), nextArgument()
  local record = entry.record
  return record ~= nil and record.value == previous and put(entry, expires, value, record.age)
end
ops['count'] = function(entry)
  local record, counts, isSpent = entry.record, {}, false
  for index = 1, 3 do
    local limit = tonumber(nextArgument())
    counts[index] = record and record.counts[index]
    if record and limit then
      counts[index] = counts[index] + 1
      if counts[index] > limit then return false end
      isSpent = isSpent or counts[index] == limit
    end
  end
  if not record or record.value == '' then return false end
  record.counts = counts
  if isSpent then record.value = '' end
  entry.isChanged = true
  return true
end
ops['delete'] = function(entry)
  entry.record, entry.isChanged = nil, true
  return true
end

while cursor < #ARGV do
  local op = ops[nextArgument()]
  if not op(load()) then return 0 end
end

for _, entry in ipairs(entries) do
  local record = entry.record
  if entry.isChanged and not record then
    redis.call('DEL', entry.key)
    redis.call('ZREM', entry.byAge, entry.name)
    redis.call('ZREM', entry.byExpiry, entry.name)
  elseif entry.isPlaced then
    store(entry.key, record, when)
    place(entry.byAge, entry.byExpiry, entry.name, record)
  elseif entry.isChanged then
    redis.call('SET', entry.key, format(record), 'KEEPTTL')
  end
end
if drawn then redis.call('SET', KEYS[1], string.format('%.0f', sequence)) end
return 1
`

// KEYS: by age, by expiry, (those of the other kind,) the candidates' records(, the records they become).
// ARGV: now, grace, limit, new expiry or empty, then name and age of each candidate, oldest first.
const MOVE = `#!lua
${RECORDS}
local when = { now = tonumber(ARGV[1]), grace = tonumber(ARGV[2]) }
local limit, expires = tonumber(ARGV[3]), ARGV[4]
local isClaim, count, moved = expires ~= '', (#ARGV - 4) / 2, {}
local first = isClaim and 4 or 2

local function isTaken(key)
  local payload = redis.call('GET', key)
  return payload and isLive(parse(payload), when.now)
end

local function leave(key, name)
  redis.call('DEL', key)
  redis.call('ZREM', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end

local function move(index)
  local name, age = ARGV[3 + 2 * index], tonumber(ARGV[4 + 2 * index])
  local key, target = KEYS[first + index], KEYS[first + count + index]
  local payload = redis.call('GET', key)
  local record = payload and parse(payload)
  if record and record.age ~= age then return end
  if not record or not isLive(record, when.now) then return leave(key, name) end
  if isClaim and isTaken(target) then return end
  leave(key, name)
  if isClaim then
    record.expires = expires
    store(target, record, when)
    place(KEYS[3], KEYS[4], name, record)
  end
  moved[#moved + 1] = name
  moved[#moved + 1] = format(record)
end

for index = 1, count do
  if #moved >= 2 * limit then break end
  move(index)
end
return moved
`

// KEYS: by age, then the records. ARGV: the youngest name and its age, as they were when the names were read.
const LIST = `#!lua flags=no-writes
local youngest = redis.call('ZRANGE', KEYS[1], 0, 0, 'REV', 'WITHSCORES')
if youngest[1] ~= ARGV[1] or youngest[2] ~= ARGV[2] then return false end
local payloads = {}
for index = 2, #KEYS do payloads[index - 1] = redis.call('GET', KEYS[index]) end
return payloads
`

// KEYS: by expiry. ARGV: now.
const DEPTH = `#!lua flags=no-writes
local first = redis.call('ZRANGE', KEYS[1], '(' .. ARGV[1], '(+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
return { redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf'), first[2] or '-' }
`

// KEYS: by age, by expiry, the records. ARGV: now, then the names.
const PURGE = `#!lua
local now, purged = tonumber(ARGV[1]), 0
for index = 2, #ARGV do
  local name = ARGV[index]
  local expires = tonumber(redis.call('ZSCORE', KEYS[2], name) or 'inf')
  if expires <= now then
    redis.call('DEL', KEYS[index + 1])
    redis.call('ZREM', KEYS[1], name)
    redis.call('ZREM', KEYS[2], name)
    purged = purged + 1
  end
end
return purged
`

// KEYS: stamp, sequence, a key to try. ARGV: program, layout, mode, and whether to stamp what is empty. Before that every
// command of the other scripts is tried: one that the user may not run would end a batch in its middle.
const STAMP = `#!lua
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'hash' then
  local stamp = redis.call('HMGET', KEYS[1], 'program', 'layout', 'mode')
  local isOurs = stamp[1] == ARGV[1] and stamp[2] == ARGV[2] and stamp[3] == ARGV[3]
  if ARGV[4] ~= '1' or not isOurs then return stamp end
elseif kind ~= 'none' or redis.call('EXISTS', KEYS[2]) == 1 then
  return { 'foreign' }
elseif ARGV[4] ~= '1' then
  return {}
end
redis.call('SET', KEYS[3], '', 'PX', 1000)
redis.call('GET', KEYS[3])
redis.call('DEL', KEYS[3])
redis.call('ZADD', KEYS[3], 1, 'name')
redis.call('ZSCORE', KEYS[3], 'name')
redis.call('ZRANGE', KEYS[3], 0, 0)
redis.call('ZCOUNT', KEYS[3], 0, 1)
redis.call('ZREM', KEYS[3], 'name')
redis.call('HSET', KEYS[1], 'program', ARGV[1], 'layout', ARGV[2], 'mode', ARGV[3])
return { ARGV[1], ARGV[2], ARGV[3] }
`

/** The scripts that run on the server, each of them atomic. */
export const SCRIPTS = {
  write: WRITE,
  move: MOVE,
  list: LIST,
  depth: DEPTH,
  purge: PURGE,
  stamp: STAMP,
} as const

/** The name of a script. */
export type ScriptName = keyof typeof SCRIPTS

/** Returns the digest by which the server knows a script that it has seen. */
export function digestOf(script: ScriptName): string {
  return createHash('sha1').update(SCRIPTS[script]).digest('hex')
}
