'12'::numeric(10, 2)
'a'::text || 'b'
substring('hello' FROM 2 FOR 3)
substring('foobar' FROM 'o+')
position('l' in 'hello')
strpos('hello', 'l')
split_part('a b', ' ', 2)
to_char(DATE '2024-03-05', 'YYYY-MM')
to_date('05.03.2024', 'DD.MM.YYYY')
to_timestamp(86400)
to_timestamp('2024', 'YYYY')
to_number('1,5', '9G9')
date_trunc('month', TIMESTAMP '2024-03-05 10:00')
extract(epoch FROM TIMESTAMP '1970-01-02')
TIMESTAMP '2024-03-05 10:00' AT TIME ZONE 'Europe/Paris'
timezone('UTC', TIMESTAMP '2024-03-05')
DATE '2024-03-05' - INTERVAL '1 day'
make_date(2024, 3, 5)
age(TIMESTAMP '2024-03-05', TIMESTAMP '2024-01-01')
greatest(1, 2)
least(1, 2)
string_agg('a', ',')
array_agg(1)
array_length(ARRAY[1, 2], 1)
array_to_string(ARRAY['a', 'b'], '-')
(ARRAY[4, 5])[2]
cardinality(ARRAY[1, 2])
bool_and(true)
bool_or(false)
every(true)
btrim('xax', 'x')
initcap('ab cd')
char_length('häß')
octet_length('häß')
left('hello', 2)
right('hello', 2)
lpad('5', 3, '0')
rpad('5', 3, '0')
md5('a')
encode('a'::bytea, 'hex')
decode('61', 'hex')
overlay('abcd' placing 'x' from 2 for 1)
reverse('ab')
regexp_replace('a1b2', '[0-9]', '', 'g')
'abc' ~ 'B'
'abc' ~* 'B'
'abc' !~ 'b'
'abc' ILIKE 'A%'
'abc' SIMILAR TO 'a%'
translate('abc', 'ab', 'xy')
trunc(1.78, 1)
trunc(1.78)
log(100)
ln(1)
starts_with('abc', 'a')
concat_ws('-', 'a', NULL, 'b')
percentile_cont(0.5) WITHIN GROUP (ORDER BY 1)
mode() WITHIN GROUP (ORDER BY 1)
count(*) FILTER (WHERE 1 > 2)
sum(2) OVER (ORDER BY 1 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
'{"a.b": {"c": 1}}'::jsonb -> 'a.b' ->> 'c'
'[1, 2]'::jsonb -> -1
'{"a": {"b": 2}}'::json #>> '{a,b}'
jsonb_typeof('[]')
jsonb_array_length('[1]')
json_array_length('[1]')
jsonb_extract_path_text('{"a": 1}', 'a')
'{"a": 1}'::jsonb @> '{"a": 1}'
'{"a": 1}'::jsonb ? 'a'
3 IS DISTINCT FROM NULL
1 = ANY(ARRAY[1, 2])
EXISTS (SELECT 1 WHERE false)
5 & 4
5 # 4
2 ^ 10
'a' COLLATE "C" < 'B'
pg_typeof(1)
now() IS NULL
NULL::int
concat('a', NULL, 'b')
mod(7, 4)
