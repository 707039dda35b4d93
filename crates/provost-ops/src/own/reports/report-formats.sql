-- Formats of courses
select format, count(*) as courses
  from {course}
 where category <> 0
 group by format
 order by courses desc, format
