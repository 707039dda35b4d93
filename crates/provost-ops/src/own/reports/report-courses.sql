-- Courses: how many there are, hidden, running, over, and not looked at for a year
-- param now time = now: The time from which days are counted
select count(*) as courses,
       sum(case when c.visible = 0 then 1 else 0 end) as hidden,
       sum(case when c.startdate > :now then 1 else 0 end) as not_begun,
       sum(case when c.enddate > 0 and c.enddate < :now then 1 else 0 end) as ended,
       sum(case when not exists (select 1 from {user_lastaccess} a where a.courseid = c.id and a.timeaccess > :now - 365 * 86400)
                then 1 else 0 end) as unused_for_a_year
  from {course} c
 where c.category <> 0
