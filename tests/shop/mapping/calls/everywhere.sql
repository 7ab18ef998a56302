abs(-3)
avg(4)
ceil(1.2)
coalesce(NULL, 7)
count(*)
CASE WHEN 1 > 0 THEN 'x' ELSE 'y' END
max(3)
min(3)
lower('ÀB')
upper('ab')
trim(' a ')
length('häß')
nullif(3, 3)
replace('aba', 'a', 'c')
round(2.567, 2)
substr('hello', 2, 3)
sum(3)
7 / 2
7.0 / 2
7 % 4
ltrim('  a')
rtrim('a  ')
floor(1.7)
row_number() OVER (ORDER BY 1)
rank() OVER (ORDER BY 1)
'it''s -- not; a comment'
1 IN (1, 2)
NOT 3 BETWEEN 1 AND 2
'abc' LIKE 'a%'
NULL IS NULL
-(-3)
2 + 3 * 4 - (5 - 6)
CAST('12' AS DECIMAL(10, 2))
power(2, 3)
sqrt(9)
exp(0)
sign(-2)
