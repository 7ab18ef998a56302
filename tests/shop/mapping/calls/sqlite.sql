strftime('%Y-%m', '2024-03-05')
strftime('%s', '1970-01-02')
datetime(86400, 'unixepoch')
date('2024-03-05', '+1 day')
julianday('2024-03-05')
unixepoch('1970-01-02')
time('10:00')
iif(1, 'a', 'b')
ifnull(NULL, 3)
instr('hello', 'l')
printf('%05d', 7)
'abc' GLOB 'a*'
'a%' LIKE 'a!%' ESCAPE '!'
group_concat('a', ';')
total(3)
typeof(1.5)
typeof(CAST('7' AS NUMERIC))
CAST('7' AS NUMERIC)
CAST(7 AS TEXT)
CAST('7.5' AS REAL)
CAST('7' AS INTEGER)
typeof(CAST('a' AS BLOB))
hex('a')
quote('a''b')
unicode('a')
char(97)
json_extract('{"a": {"b": 1}}', '$.a.b')
json_array_length('[1]')
'{"a": 1}' ->> 'a'
'{"a.b": 1}' ->> 'a.b'
'{"a": 1}' ->> '$.a'
json_type('[]')
3 IS NOT NULL
3 IS 3
'a' || 'b'
'A' = 'a' COLLATE NOCASE
5 & 4
1 == 1
max(1, 2)
like('a%', 'abc')
format('%d', 7)
